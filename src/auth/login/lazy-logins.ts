import type { CallbackResult } from "../../core/auth.ts";
import type { TokenRequest } from "../../core/grant.ts";
import { abortable } from "../../core/abortable.ts";
import type { LoginMark } from "../../core/login-marks.ts";
import { chunk, shared } from "../../core/lazy.ts";
import { parseUrl } from "../../core/same-origin.ts";
import type { RoundTrip } from "../../core/user-agent.ts";
import type { User } from "../../core/user.ts";
import type { ActiveSession } from "../session/active-session.ts";
import { DEFAULT_TARGET } from "../../core/token-target.ts";
import type { LoginTab } from "./tab-marks.ts";
import type { Logins, LoginsConfig } from "./logins.ts";
import { stateOf } from "./response-url.ts";

/** `Logins`, loaded when they are first needed: a page with a session does without. */
export class LazyLogins implements LoginTab {
  readonly #config: LoginsConfig;
  readonly #session: ActiveSession;
  /** The logins under way, and what each asks for. */
  readonly #roundTrips = new Map<Promise<User>, TokenRequest>();
  #callback: Promise<unknown> = Promise.resolve();

  constructor(config: LoginsConfig, session: ActiveSession) {
    this.#config = config;
    this.#session = session;
    session.state.subscribe(() => this.tell((logins) => logins.follow()));
  }

  /** Set each time a user acts on this page. */
  activatedAt: number = Number.NEGATIVE_INFINITY;

  /** The last response, if there was one. */
  last: string | undefined;

  /** Once they were needed. */
  loaded: Logins | undefined;

  readonly load: () => Promise<Logins> = shared(async () => {
    try {
      const { Logins } = await chunk(import("./logins.ts"));
      return (this.loaded = new Logins(this.#config, this.#session, this));
    } catch (error) {
      await this.#session.load("stored", error).catch(() => {});
      throw error;
    }
  });

  /** The latest login that is on its way, if one is. */
  get underWay(): Promise<User> | undefined {
    return [...this.#roundTrips.keys()].at(-1);
  }

  /** A login that a user asked for is on its way. */
  get isAskedFor(): boolean {
    return [...this.#roundTrips.values()].some(({ mayChoose }) => !mayChoose);
  }

  /** When no response is being taken any more; never rejects. */
  get settled(): Promise<unknown> {
    return this.#callback;
  }

  /** Closes the trip in the end. */
  startLogin(roundTrip: RoundTrip, request: TokenRequest): Promise<User> {
    const login = this.#startLogin(roundTrip, request).finally(() => {
      roundTrip.close();
      this.#roundTrips.delete(login);
    });
    this.#roundTrips.set(login, request);
    return login;
  }

  /** `user` logged out: no automatic login follows in this tab. */
  loggedOut(user: string): void {
    const { marks, clock } = this.#config;
    const mark: LoginMark = {
      user,
      target: DEFAULT_TARGET,
      at: clock.now(),
      outcome: "logged_out",
    };
    marks.write([...marks.read(), mark]);
  }

  /** Loads the logins only where a mark stands, which is seldom. */
  tell(news: (logins: Logins) => void): void {
    const isMarked = this.#config.marks.read().some((mark) => mark?.outcome !== "given");
    if (isMarked) this.load().then(news, () => {});
  }

  #startLogin(roundTrip: RoundTrip, request: TokenRequest): Promise<User> {
    const login = async (): Promise<User> => {
      const logins = await abortable(this.load(), request.signal);
      return logins.startLogin(roundTrip, { ...request, stored });
    };
    const tellsWhy = (error: unknown) => this.loaded?.tellsWhy(error, roundTrip, request) ?? true;
    const stored = this.#session.trackLogin(login, tellsWhy);
    return stored;
  }

  /** @param url the page's own when not given. It is read at once: a router may have moved on before the code is here. */
  async handle(url: string | undefined): Promise<CallbackResult> {
    const { page, client } = this.#config;
    const given = parseUrl(url ?? page.href(), page.href());
    if (given && stateOf(given, client)) this.last = given.href;
    // An earlier call has cleaned the address bar: its response is meant.
    const response = (url === undefined && this.last) || (given?.href ?? url!);
    const result = this.load().then((logins) => logins.responses.handle(response));
    this.#callback = result.catch(() => {});
    return result;
  }

  async storeTokens(...stored: Parameters<Logins["storeTokens"]>): Promise<void> {
    return (await this.load()).storeTokens(...stored);
  }
}

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

/** Loads `Logins` when a login first needs them: a page with a session does not. */
export class LazyLogins implements LoginTab {
  readonly #config: LoginsConfig;
  readonly #session: ActiveSession;
  /** The logins in progress, with their requests. */
  readonly #roundTrips = new Map<Promise<User>, TokenRequest>();
  #callback: Promise<unknown> = Promise.resolve();

  constructor(config: LoginsConfig, session: ActiveSession) {
    this.#config = config;
    this.#session = session;
    session.state.subscribe(() => this.tell((logins) => logins.follow()));
  }

  /** When a user last acted on this page. Milliseconds since the epoch. */
  activatedAt: number = Number.NEGATIVE_INFINITY;

  /** The URL of the last authorization response in this page. */
  last: string | undefined;

  /** Undefined until `load()` has loaded the logins. */
  loaded: Logins | undefined;

  /** Loads the logins. A failure becomes `state.error`. */
  readonly load: () => Promise<Logins> = shared(async () => {
    try {
      const { Logins } = await chunk(import("./logins.ts"));
      return (this.loaded = new Logins(this.#config, this.#session, this));
    } catch (error) {
      await this.#session.load("stored", error).catch(() => {});
      throw error;
    }
  });

  /** The latest login that is in progress. */
  get underWay(): Promise<User> | undefined {
    return [...this.#roundTrips.keys()].at(-1);
  }

  /** Whether a login that `login()` started is in progress. */
  get isAskedFor(): boolean {
    return [...this.#roundTrips.values()].some(({ mayChoose }) => !mayChoose);
  }

  /** Resolves when no authorization response is being handled. Never rejects. */
  get settled(): Promise<unknown> {
    return this.#callback;
  }

  /** Starts a login, and closes the round trip when the login settles. */
  startLogin(roundTrip: RoundTrip, request: TokenRequest): Promise<User> {
    const login = this.#startLogin(roundTrip, request).finally(() => {
      roundTrip.close();
      this.#roundTrips.delete(login);
    });
    this.#roundTrips.set(login, request);
    return login;
  }

  /** Writes a mark, so that no automatic login follows the logout of `user` in this tab. */
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

  /** Calls `news` with the logins. Loads them only if this tab has a mark, which is rare. */
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

  /**
   * Handles an authorization response.
   * @param url default: the page's URL, read at once, because a router may replace it before the code is loaded
   */
  async handle(url: string | undefined): Promise<CallbackResult> {
    const { page, client } = this.#config;
    const given = parseUrl(url ?? page.href(), page.href());
    if (given && stateOf(given, client)) this.last = given.href;
    // An earlier call has removed the response from the address bar, so this call means the same response.
    const response = (url === undefined && this.last) || (given?.href ?? url!);
    const result = this.load().then((logins) => logins.responses.handle(response));
    this.#callback = result.catch(() => {});
    return result;
  }

  /** Stores tokens that the grant returned without a login. */
  async storeTokens(...stored: Parameters<Logins["storeTokens"]>): Promise<void> {
    return (await this.load()).storeTokens(...stored);
  }
}

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

/** Loads the class `Logins` when it is first needed. A page whose user is signed in usually does not load it. */
export class LazyLogins implements LoginTab {
  readonly #config: LoginsConfig;
  readonly #session: ActiveSession;
  /** Each login in progress, with the token request that started the login. */
  readonly #roundTrips = new Map<Promise<User>, TokenRequest>();
  #callback: Promise<unknown> = Promise.resolve();

  constructor(config: LoginsConfig, session: ActiveSession) {
    this.#config = config;
    this.#session = session;
    session.state.subscribe(() => this.tell((logins) => logins.follow()));
  }

  /** The time of the user's last click or key press on this page. Milliseconds since the epoch. */
  activatedAt: number = Number.NEGATIVE_INFINITY;

  /** The last URL with an authorization response for which `handle()` was called. */
  last: string | undefined;

  /** The loaded `Logins`. Undefined until `load()` has resolved. */
  loaded: Logins | undefined;

  /** Loads the code for logins. If this fails while no user is signed in, the error becomes `state.error`. */
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

  /** True while a login that `login()` started is in progress. */
  get isAskedFor(): boolean {
    return [...this.#roundTrips.values()].some(({ mayChoose }) => !mayChoose);
  }

  /** Resolves when no authorization response is being handled. Never rejects. */
  get settled(): Promise<unknown> {
    return this.#callback;
  }

  /** Starts a login in the page, popup or frame of `roundTrip`. Closes the popup or frame when the login settles. */
  startLogin(roundTrip: RoundTrip, request: TokenRequest): Promise<User> {
    const login = this.#startLogin(roundTrip, request).finally(() => {
      roundTrip.close();
      this.#roundTrips.delete(login);
    });
    this.#roundTrips.set(login, request);
    return login;
  }

  /**
   * Called when `user` logs out. Stores a mark, which is a small record of this tab. Until the mark ends, this tab starts no
   * automatic login of `user`. The mark ends after 30 minutes, or when the user clicks or presses a key.
   */
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

  /**
   * If this tab has a mark (a record of a login or logout) whose outcome is not `given`, loads `Logins` and then calls `news`
   * with the loaded `Logins`. If this tab has no such mark, does nothing, because `news` would change nothing. Most pages
   * therefore need not load `Logins`.
   */
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
   * @param url the URL with the response. Default: the page's URL. The page's URL is read before the code is loaded, because a
   * router might replace the URL in the meantime
   */
  async handle(url: string | undefined): Promise<CallbackResult> {
    const { page, client } = this.#config;
    const given = parseUrl(url ?? page.href(), page.href());
    if (given && stateOf(given, client)) this.last = given.href;
    // If the caller passed no `url`, this code uses the last URL with a response that `handle()` has seen. The page's URL might
    // no longer contain that response, because an earlier call might have removed the response.
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

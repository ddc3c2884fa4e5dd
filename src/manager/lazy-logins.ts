import type { CallbackResult, GetTokenOptions } from "../core/auth.ts";
import type { TokenRequest } from "../core/grant.ts";
import { abortable } from "../core/abortable.ts";
import { NoTokenError } from "../core/errors.ts";
import type { LoginMark } from "../core/login-marks.ts";
import { chunk, shared } from "../core/lazy.ts";
import { parseUrl } from "../core/same-origin.ts";
import type { Trip } from "../core/user-agent.ts";
import type { User } from "../core/user.ts";
import type { ActiveSession } from "./active-session.ts";
import { USUAL_WANT, type Want } from "../core/want.ts";
import type { LoginTab } from "./automatic-logins.ts";
import type { Logins, LoginsConfig } from "./logins.ts";
import { refusal } from "./refusal.ts";
import { isSilent } from "./silent.ts";
import { stateOf } from "./response-url.ts";

/** `Logins`, loaded when they are first needed: a page with a session does without. */
export class LazyLogins implements LoginTab {
  readonly #config: LoginsConfig;
  readonly #session: ActiveSession;
  readonly #trips = new Set<Promise<User>>();
  /** Those of `#trips` that a user asked for. */
  readonly #asked = new Set<Promise<User>>();
  #last: string | undefined;
  #callback: Promise<unknown> = Promise.resolve();

  constructor(config: LoginsConfig, session: ActiveSession) {
    this.#config = config;
    this.#session = session;
    session.state.subscribe(() => {
      const state = session.state.get();
      if (state.status === "authenticated" && state.freshness === "fresh") this.given({});
    });
  }

  activatedAt: number = Number.NEGATIVE_INFINITY;

  get sub(): string | undefined {
    return this.#session.sub;
  }

  /** A user acted on this page. */
  readonly activate = (): void => {
    this.activatedAt = this.#config.clock.now();
  };

  #logins: Logins | undefined;
  readonly #load = shared(async () => {
    try {
      const { Logins } = await chunk(import("./logins.ts"));
      return (this.#logins = new Logins(this.#config, this.#session, this));
    } catch (error) {
      await this.#session.load("stored", error).catch(() => {});
      throw error;
    }
  });

  /** The latest login that is on its way, if one is. */
  get underWay(): Promise<User> | undefined {
    return [...this.#trips].at(-1);
  }

  /** A login that a user asked for is on its way. */
  get isAskedFor(): boolean {
    return this.#asked.size > 0;
  }

  /** When no response is being taken any more; never rejects. */
  get settled(): Promise<unknown> {
    return this.#callback;
  }

  get automatic(): Promise<Logins["automatic"]> {
    return this.#load().then(({ automatic }) => automatic);
  }

  /** The last response failed before its code was sent. */
  async isUnfinished(): Promise<boolean> {
    return this.#last !== undefined && (await this.#load()).isUnfinished(this.#last);
  }

  /** A login that a user asked for. */
  login(trip: Trip, request: TokenRequest): Promise<User> {
    const login = this.travel(trip, request).finally(() => this.#asked.delete(login));
    this.#asked.add(login);
    return login;
  }

  /** Closes the trip in the end. */
  travel(trip: Trip, request: TokenRequest): Promise<User> {
    const login = this.#travel(trip, request).finally(() => {
      trip.close();
      this.#trips.delete(login);
    });
    this.#trips.add(login);
    return login;
  }

  /** A token that expired on arrival, for the call that waited for it. */
  takeOffered(wanted: GetTokenOptions): string | undefined {
    return this.#logins?.takeOffered(wanted);
  }

  /** The page was loaded at `url`, which has no response of this client. */
  cameBack(url: string): void {
    this.#tell((logins) => logins.cameBack(url));
  }

  /** A token was given. */
  given({ user = this.#session.sub, ...want }: Want & { readonly user?: string }): void {
    this.#tell(({ automatic }) => automatic.given({ ...want, user }));
  }

  /** `user` logged out here: no automatic login follows. */
  loggedOut(user: string): void {
    const { marks, clock } = this.#config;
    const mark: LoginMark = { user, target: USUAL_WANT, at: clock.now(), outcome: "logged_out" };
    marks.write([...marks.read(), mark]);
  }

  /** `user` signed in or out in another tab. */
  heard(user: string, what: string): void {
    if (what === "login") this.#tell(({ automatic }) => automatic.loggedIn(user));
    else if ((this.#session.sub ?? user) === user) this.loggedOut(user);
  }

  /** For marks that stand, of which there is seldom one. */
  #tell(news: (logins: Logins) => void): void {
    const isMarked = this.#config.marks.read().some(({ outcome }) => outcome !== "given");
    if (isMarked) this.#load().then(news, () => {});
  }

  #travel(trip: Trip, request: TokenRequest): Promise<User> {
    const login = async (): Promise<User> => {
      const logins = await abortable(this.#load(), request.signal);
      return logins.travel(trip, { ...request, kept });
    };
    // That nobody is signed in at the server is what a silent one asks for, and no reason to hold the next login back. An
    // automatic login that did not start changes nothing of what the state says.
    const tellsWhy = (error: unknown) =>
      !isSilent(trip, request) && !(request.mayChoose && error instanceof NoTokenError);
    const kept = this.#session.during(login, tellsWhy);
    return kept;
  }

  /** @param url the page's own when not given */
  async handle(url: string | undefined): Promise<CallbackResult> {
    const response = this.#responseIn(url);
    const result = this.#load().then((logins) => logins.handle(response));
    this.#callback = result.catch(() => {});
    return result;
  }

  /** Looks at once: a router may have moved on before the code is here. */
  #responseIn(url: string | undefined): string {
    const { page } = this.#config;
    const given = parseUrl(url ?? page.href(), page.href());
    if (!given) throw refusal("url", "this is not a URL");
    if (stateOf(given, this.#config.client) !== undefined) this.#last = given.href;
    // An earlier call has cleaned the address bar: its response is meant.
    else if (url !== undefined || this.#last === undefined) {
      throw refusal("state", "there is no authorization response of this client in this URL");
    }
    return this.#last;
  }

  async keep(...kept: Parameters<Logins["keep"]>): Promise<void> {
    return (await this.#load()).keep(...kept);
  }
}

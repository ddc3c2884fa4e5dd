import type { CallbackResult } from "../core/auth.ts";
import type { TokenRequest } from "../core/grant.ts";
import { abortable } from "../core/abortable.ts";
import { chunk, shared } from "../core/lazy.ts";
import { parseUrl } from "../core/same-origin.ts";
import type { Trip } from "../core/user-agent.ts";
import type { User } from "../core/user.ts";
import type { ActiveSession } from "./active-session.ts";
import type { Logins, LoginsConfig, Outcome } from "./logins.ts";
import { refusal } from "./refusal.ts";
import { isSilent } from "./silent.ts";
import { hasResponse } from "./response-url.ts";

/** `Logins`, loaded when they are first needed: a page with a session does without. */
export class LazyLogins {
  readonly #config: LoginsConfig;
  readonly #session: ActiveSession;
  readonly #trips = new Set<Promise<User>>();
  #last: string | undefined;
  #callback: Promise<unknown> = Promise.resolve();

  constructor(config: LoginsConfig, session: ActiveSession) {
    this.#config = config;
    this.#session = session;
  }

  readonly #load = shared(async () => {
    try {
      const { Logins } = await chunk(import("./logins.ts"));
      return new Logins(this.#config, this.#session);
    } catch (error) {
      await this.#session.load("stored", error).catch(() => {});
      throw error;
    }
  });

  /** The latest login that is on its way, if one is. */
  get underWay(): Promise<User> | undefined {
    return [...this.#trips].at(-1);
  }

  /** When no response is being taken any more; never rejects. */
  get settled(): Promise<unknown> {
    return this.#callback;
  }

  /** What became of the last response, if there was one. */
  async outcome(): Promise<Outcome | undefined> {
    return this.#last === undefined ? undefined : (await this.#load()).outcomeOf(this.#last);
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

  #travel(trip: Trip, request: TokenRequest): Promise<User> {
    const login = async (): Promise<User> => {
      const logins = await abortable(this.#load(), request.signal);
      return logins.travel(trip, { ...request, kept });
    };
    // That nobody is signed in at the server is what a silent one asks for, and no reason to hold the next login back.
    const kept = this.#session.during(login, () => !isSilent(trip, request));
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
    if (hasResponse(given)) this.#last = given.href;
    // An earlier call has cleaned the address bar: its response is meant.
    else if (url !== undefined || this.#last === undefined) {
      throw refusal("state", "there is no authorization response in this URL");
    }
    return this.#last;
  }

  async keep(...kept: Parameters<Logins["keep"]>): Promise<void> {
    return (await this.#load()).keep(...kept);
  }
}

import type { CallbackResult } from "../core/auth.ts";
import type { TokenRequest } from "../core/grant.ts";
import { chunk, shared } from "../core/lazy.ts";
import type { TokenSet } from "../core/token-set.ts";
import type { Trip } from "../core/user-agent.ts";
import type { User } from "../core/user.ts";
import type { ActiveSession } from "./active-session.ts";
import type { LoginsConfig } from "./logins.ts";

/** `Logins`, loaded when they are first needed: a page with a session does without. */
export class LazyLogins {
  readonly #config: LoginsConfig;
  readonly #session: ActiveSession;
  #trip: Promise<User> | undefined;
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

  /** A login that goes to the server, while it does. */
  get underWay(): Promise<User> | undefined {
    return this.#trip;
  }

  /** When no response is being taken any more; never rejects. */
  get settled(): Promise<unknown> {
    return this.#callback;
  }

  async isUnfinished(): Promise<boolean> {
    return (await this.#load()).isUnfinished;
  }

  /** Closes the trip in the end. */
  travel(trip: Trip, request: TokenRequest): Promise<User> {
    const login = this.#travel(trip, request).finally(() => {
      trip.close();
      if (this.#trip === login) this.#trip = undefined;
    });
    this.#trip = login;
    return login;
  }

  #travel(trip: Trip, request: TokenRequest): Promise<User> {
    // That nobody is signed in at the server is what a silent one asks for, and no reason to hold the next login back.
    const isSilent = (trip.prompt ?? request.prompt) === "none";
    return this.#session.during(
      async () => (await this.#load()).travel(trip, request),
      () => !isSilent,
    );
  }

  handle(url: string | undefined): Promise<CallbackResult> {
    const result = this.#load().then((logins) => logins.handle(url));
    this.#callback = result.catch(() => {});
    return result;
  }

  async checkIn(answer: TokenSet): Promise<User> {
    return (await this.#load()).checkIn(answer);
  }
}

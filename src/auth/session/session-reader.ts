import { NoTokenError } from "../../core/errors.ts";
import { sessionKey, type ClientKey } from "../../core/keys.ts";
import { chunk, shared } from "../../core/lazy.ts";
import type { Clock, TabLock } from "../../core/ports.ts";
import type { Refresher } from "../../core/refresher.ts";
import {
  isNewer,
  newerVersion,
  type SessionRow,
  type SessionStore,
  type StoredUser,
  type TokenRecord,
  type UserStore,
} from "../../core/session.ts";

export interface SessionReaderConfig {
  readonly client: ClientKey;
  readonly sessions: SessionStore;
  readonly users: UserStore;
  readonly clock: Clock;
  readonly locks: TabLock;
  readonly refresher: Pick<Refresher, "validate">;
}

/** Reads sessions, and checks what must be true before anything of a session is given. */
export class SessionReader {
  readonly #config: SessionReaderConfig;

  readonly #presence = shared(async () => {
    const { Presence } = await chunk(import("./presence.ts"));
    return new Presence(this.#config);
  });

  constructor(config: SessionReaderConfig) {
    this.#config = config;
  }

  /**
   * The session of `sub`, or of the active user. `isPinned`: this tab belongs to `sub` already.
   * @throws ConfigurationError a newer Latchkey stored the session
   */
  async read(sub: string | undefined, isPinned: boolean): Promise<StoredUser> {
    const { client, sessions, users, refresher } = this.#config;
    const rowOf = (sub: string) => sessions.get(sessionKey(client, sub));
    let found: StoredUser =
      sub === undefined ? await users.getActive() : { sub, row: await rowOf(sub), isPinned };
    if (found.sub && found.row?.signature && !found.row.end) {
      // The signature is validated before a token is given, if keys are at hand. Without keys the token is given.
      await refresher.validate(found.sub).catch(() => {});
      found = { ...found, row: await rowOf(found.sub) };
    }
    if (isNewer(found.row)) throw newerVersion();
    return found.row?.lifetime === "tabs" ? (await this.#presence()).read(found) : found;
  }

  /** The tokens of a row. Undefined with `persist: "memory"` when no tab has them any more. */
  async recordOf({ tokens }: SessionRow): Promise<TokenRecord | undefined> {
    try {
      return await this.#config.sessions.open(tokens);
    } catch (error) {
      if (error instanceof NoTokenError) return undefined;
      throw error;
    }
  }
}

/** What is there, or came, is not of the person who was asked for. */
export function otherUser(): NoTokenError {
  return new NoTokenError("these tokens are another person's");
}

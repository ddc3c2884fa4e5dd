import { NoTokenError } from "../../core/errors.ts";
import type { Grant } from "../../core/grant.ts";
import { sessionKey, type ClientKey } from "../../core/keys.ts";
import { chunk, shared } from "../../core/lazy.ts";
import type { Clock, TabLock } from "../../core/ports.ts";
import type { Refresher } from "../../core/refresher.ts";
import {
  findAccess,
  isNewer,
  newerVersion,
  storedTokens,
  type SessionRow,
  type SessionStore,
  type TokenRecord,
} from "../../core/session.ts";
import type { TargetKey } from "../../core/token-target.ts";
import type { TokenSet } from "../../core/token-set.ts";
import type { User } from "../../core/user.ts";
import type { UserAgent } from "../../core/user-agent.ts";
import type { StoredUser, UserStore } from "../../core/user-store.ts";
import type { TokenCondition } from "./cached-token.ts";

/** The configuration of a `SessionReader`. */
export interface SessionReaderConfig {
  readonly client: ClientKey;
  readonly sessions: SessionStore;
  readonly users: UserStore;
  readonly clock: Clock;
  readonly locks: TabLock;
  readonly refresher: Pick<Refresher, "validate">;
  readonly grant: Grant;
  /**
   * Deletes the pending authorization requests and the handled responses of a user at this client. The session stays. Absent:
   * nothing is deleted.
   */
  readonly deleteTraces?: ((sub: string) => Promise<void>) | undefined;
  /**
   * How a user who is signed in at the server is signed in when the app opens: in a hidden frame, or by a visit of this page to
   * the server. Absent: not at all.
   */
  readonly silentSignOn?: UserAgent | "page" | undefined;
  /** Validates the claims of a user by the schema of the app. Absent: the claims are used as they are. */
  readonly readUser?: ((user: User) => Promise<User>) | undefined;
}

/** A user whose claims the app's schema has accepted, or the error of the schema. */
export interface ReadUser {
  readonly user?: User | undefined;
  readonly error?: unknown;
}

/** A token from the store, and its condition. */
export interface FoundToken {
  readonly tokens: TokenSet;
  readonly condition: TokenCondition;
}

/** Tokens from the store. `target`: the target under which the access token is stored. */
export interface StoredTokens {
  readonly tokens: TokenSet;
  readonly target: TargetKey;
}

/** Reads sessions from the store. If the signature of a stored ID token is not validated yet, validates the signature. */
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
   * Returns the session of `sub`. Default: the store's active user. `isPinned`: true if `sub` is already this tab's user.
   * @throws ConfigurationError a newer version of Latchkey stored the session
   */
  async read(sub: string | undefined, isPinned: boolean): Promise<StoredUser> {
    const { client, sessions, users, refresher } = this.#config;
    const rowOf = (sub: string) => sessions.get(sessionKey(client, sub));
    let found: StoredUser =
      sub === undefined ? await users.getActive() : { sub, row: await rowOf(sub), isPinned };
    if (found.sub && found.row?.signature && !found.row.end) {
      // The ID token's signature is validated before the session is used. If the server's keys are not cached, the validation
      // runs in the background.
      await refresher.validate(found.sub).catch(() => {});
      found = { ...found, row: await rowOf(found.sub) };
    }
    if (isNewer(found.row)) throw newerVersion();
    return found.row?.lifetime === "tabs" ? (await this.#presence()).read(found) : found;
  }

  /** Validates the claims of `user`. Never rejects. */
  async readUser(user: User | undefined): Promise<ReadUser> {
    const { readUser } = this.#config;
    if (!user || !readUser) return { user };
    return readUser(user).then(
      (read) => ({ user: read }),
      (error: unknown) => ({ error }),
    );
  }

  /**
   * Returns the stored tokens for `target`, even if the access token has expired, and the target under which they are stored.
   * @throws NoTokenError the stored session has tokens of another user
   */
  async tokensOf({ sub, row }: StoredUser, target: TargetKey): Promise<StoredTokens | undefined> {
    // An ended session has no access tokens in its row, so `row.end` is not checked here.
    const key = row && findAccess(row, target, () => true);
    if (!row || key === undefined) return undefined;
    const record = await this.recordOf(row);
    if (record && record.user.sub !== sub) throw otherUser();
    const tokens = record && storedTokens(row, record, key);
    return tokens && { tokens, target: key };
  }

  /**
   * Returns the tokens of a stored session. With `persist: "memory"`, only open tabs have the tokens. If no open tab has the
   * tokens, returns undefined.
   */
  async recordOf({ tokens }: SessionRow): Promise<TokenRecord | undefined> {
    try {
      return await this.#config.sessions.open(tokens);
    } catch (error) {
      if (error instanceof NoTokenError) return undefined;
      throw error;
    }
  }
}

/** Returns the error for tokens that do not belong to the requested user. */
export function otherUser(): NoTokenError {
  return new NoTokenError("the tokens belong to another user than the requested user");
}

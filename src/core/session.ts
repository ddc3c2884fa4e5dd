import type { ServerFacts } from "./auth-error.ts";
import type { RememberedUser } from "./login-prompt.ts";
import { tokenSet, type TokenSet } from "./token-set.ts";
import type { User } from "./user.ts";
import { parseTargetKey, type TargetKey } from "./token-target.ts";
import { ConfigurationError } from "./errors.ts";

/**
 * The session of one user for one client on this device. Only `SessionStore.update` changes it. A change keeps unknown members:
 * `{ ...row, changed }`.
 */
export interface SessionRow {
  /** The version of this format. A tab that reads a larger version never writes the row. */
  version: 2;
  /** Random. Every login and every logout replaces it, which fences all older attempts. */
  sessionId: string;
  /** Grows by one with each stored response and each login. */
  generation: number;
  /** The number of the last attempt, used as the fencing token. It never decreases. */
  sequence: number;
  /** `sequence` of the attempt whose response is stored. */
  committedSequence: number;
  /** The refresh that is in progress. */
  attempt: null | SessionAttempt;
  /** Why the session has ended. Null while it has not. */
  end: null | SessionEnd;
  /** `remembered`: until a logout. `tabs`: until the last tab of the user closes. */
  lifetime: "remembered" | "tabs";
  /** What a picker shows, unsealed, so that a list of users opens no tokens. Absent when the user is not remembered. */
  remembered?: RememberedProfile;
  /** `pending`: the claims of the stored ID token are validated, and its signature is not yet. */
  signature?: "pending";
  /** The server's last refusals, by target. A login or a successful refresh of the target removes them. */
  refusals?: Record<TargetKey, Refusal>;
  /**
   * The resources that the login named. A refresh may request them.
   * @see https://www.rfc-editor.org/rfc/rfc8707#section-2.1
   */
  resources?: string[];
  /** The session has a refresh token. */
  renewable: boolean;
  /** The index of the access tokens, unsealed and without the tokens. */
  access: Record<TargetKey, AccessEntry>;
  /** The result of `SessionStore.seal()` for a `TokenRecord`. */
  tokens: unknown;
}

/** What a row stores of a remembered user, for a picker. */
export type RememberedProfile = Omit<RememberedUser, "sub" | "needsLogin">;

/** An attempt to refresh. It is stored before it is sent. */
export interface SessionAttempt {
  id: string;
  sequence: number;
  /** The tab that owns the attempt. */
  tab: string;
  target: TargetKey;
  /** How many sends of this refresh token the server may have processed although no response arrived. */
  uncertainSends: number;
  /** All sends since the last stored response: the step of the back-off. */
  sends: number;
  /** Until then no tab sends again. Milliseconds since the epoch. */
  retryAt?: number;
  /** The whole pause that `retryAt` ends: a wall clock that was set back must not lengthen it. Milliseconds. */
  retryMs?: number;
}

/** The server's refusals of a target. They are stored in the row, so that all tabs know them after one request. */
export interface Refusal extends Pick<ServerFacts, "error" | "errorDescription" | "status"> {
  /** A `ResponseMeaning`. */
  meaning: "user needed" | "wrong request" | "unexplained";
  /** The number of refusals in a row. */
  count: number;
  /** The first of these refusals. Milliseconds since the epoch. */
  firstAt: number;
  /** The last of these refusals. Milliseconds since the epoch. */
  lastAt: number;
}

/** Why a session has ended. */
export interface SessionEnd {
  reason: "invalid_grant" | "lost_response" | "id_token" | "logged_out";
  /** `sequence` of the attempt, or of the logout, that ended the session. */
  sequence: number;
  /** The invalid claim, or `signature`, for the reason `id_token`. */
  claim?: string;
}

/** The public facts of a stored access token. */
export interface AccessEntry {
  /** `SessionRow.generation` when the token was stored. */
  generation: number;
  /** Milliseconds since the epoch. */
  expiresAt: number;
  /** The granted scopes. */
  scope: string[];
  /** The whole lifetime of the token. Milliseconds. */
  lifetimeMs?: number;
}

/** The secrets of a session. */
export interface TokenRecord {
  refreshToken?: string;
  idToken?: string;
  /** The signature of `idToken` is validated. */
  idTokenVerified: boolean;
  /** The claims of the last verified ID token. */
  user: User;
  /** `auth_time` of the last verified ID token. Seconds since the epoch. */
  authTime?: number;
  /** The access tokens, by target. */
  access: Record<TargetKey, { token: string; tokenType: string }>;
}

/** A `SessionChange` returns it to write nothing. */
export const NO_CHANGE: unique symbol = Symbol("keep");

/** Returns the new row, `undefined` to delete the row, or `NO_CHANGE`. */
export type SessionChange = (
  row: SessionRow | undefined,
) => SessionRow | undefined | typeof NO_CHANGE;

/** Sessions with an atomic `update`. Every method rejects with a `StorageError` when the store fails. */
export interface SessionStore {
  get(key: string): Promise<SessionRow | undefined>;
  /** Compares and sets in one transaction. `change` is synchronous and may run twice. Returns the row after the transaction. */
  update(key: string, change: SessionChange): Promise<SessionRow | undefined>;
  /** Returns what the row stores as `tokens`. */
  seal(record: TokenRecord): Promise<unknown>;
  /**
   * Returns the secrets that were sealed.
   * @throws NoTokenError neither this device nor an open tab has them
   */
  open(tokens: unknown): Promise<TokenRecord>;
  /** Erases these sealed tokens, and older ones of the same user, in every tab. */
  discard?(tokens: unknown): void;
}

/** A user, and the user's session on this device if there is one. */
export interface StoredUser {
  sub?: string;
  row?: SessionRow | undefined;
  /** This tab is pinned to the user. Without `sub`: this tab is pinned to no user. */
  isPinned?: boolean;
}

/**
 * The users of one client on this device, this tab's user, and the default user of new tabs. Every method rejects with a
 * `StorageError` when the store fails.
 */
export interface UserStore {
  /** Returns the user that this tab is pinned to, or else the default user. Reads `sub` and session in one transaction. */
  getActive(): Promise<StoredUser>;
  /** Sets the default user. `null`: new tabs have no user. */
  putDefault(sub: string | null): Promise<void>;
  /** Pins this tab to `sub` until the tab closes. `""` pins it to no user; `undefined` removes the pin. */
  pin(sub: string | undefined): void;
  /**
   * Loads the methods for all users of this device.
   * @throws NetworkError the code could not be loaded
   */
  users(): Promise<RememberedUsers>;
}

/** All users of one client on this device. */
export interface RememberedUsers {
  /** Returns the remembered users, the last used first. A damaged or newer record gives only its `sub`. */
  list(): Promise<readonly RememberedUser[]>;
  /** Returns the `sub` of every record, damaged records included. */
  known(): Promise<readonly string[]>;
  /** Makes a user with a record here the default user. Returns whether there is such a record. */
  putDefault(sub: string): Promise<boolean>;
  /** Removes the default user if it is `sub` and has no record here. */
  dropDefault(sub: string): Promise<void>;
  /** Deletes all data of the user in one transaction, and records for one day that the user was forgotten. */
  forget(sub: string): Promise<void>;
  /** Whether the user was forgotten within a day and has not logged in since. Without `sub`: whether any user was. */
  isForgotten(sub?: string): Promise<boolean>;
  /** Deletes the record that the user was forgotten, because the user has logged in. */
  clearForgotten(sub: string): Promise<void>;
}

/** Returns the key of the row's access token for `target`: the same key, or one whose granted scope covers `target`. */
export function findAccess(
  row: SessionRow,
  target: TargetKey,
  isGood: (entry: AccessEntry) => boolean,
): TargetKey | undefined {
  const exact = row.access[target];
  if (exact && isGood(exact)) return target;
  const asked = parseTargetKey(target);
  if (asked.scope.length === 0) return undefined;
  return Object.keys(row.access).find((key) => {
    const entry = row.access[key]!;
    const cached = parseTargetKey(key);
    return (
      cached.resource === asked.resource &&
      cached.audience === asked.audience &&
      isGood(entry) &&
      asked.scope.every((scope) => entry.scope.includes(scope))
    );
  });
}

/** Returns the stored tokens of `target`, without the refresh token. Returns undefined when the row has none. */
export function storedTokens(
  row: SessionRow,
  record: TokenRecord,
  target: TargetKey,
): TokenSet | undefined {
  const entry = row.access[target];
  const access = record.access[target];
  if (!entry || !access) return undefined;
  return tokenSet({
    accessToken: access.token,
    tokenType: access.tokenType,
    expiresAt: entry.expiresAt,
    scope: entry.scope,
    user: record.user,
    generation: entry.generation,
    ...(entry.lifetimeMs !== undefined && { lifetimeMs: entry.lifetimeMs }),
  });
}

/** Whether a newer version of Latchkey, in another tab, wrote the row. This tab must not write such a row. */
export function isNewer(row: SessionRow | undefined): boolean {
  return row !== undefined && row.version > 2;
}

/** The error for a row that a newer version of Latchkey wrote. */
export function newerVersion(): ConfigurationError {
  return new ConfigurationError(
    "session",
    "a newer version of Latchkey in another tab wrote it",
    "Reload this page to load the newer version here, too.",
  );
}

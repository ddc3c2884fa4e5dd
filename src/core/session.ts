import type { ServerFacts } from "./auth-error.ts";
import type { RememberedUser } from "./login-prompt.ts";
import { tokenSet, type TokenSet } from "./token-set.ts";
import type { User } from "./user.ts";
import { parseTargetKey, type TargetKey } from "./token-target.ts";
import { ConfigurationError } from "./errors.ts";

/**
 * The stored session of one user of one OAuth client on this device. To change a row, call `SessionStore.update()` and copy all
 * other members, as in `{ ...row, generation }`.
 */
export interface SessionRow {
  /** The version of the row's format. A tab must not write a row with a larger version. */
  version: 2;
  /**
   * A random id. Every login and every logout stores a new id. So a tab can see that a response belongs to an earlier session.
   */
  sessionId: string;
  /** A number that increases by one with each stored token response and each login. */
  generation: number;
  /**
   * A number that increases by one with each attempt to refresh, each login and each logout. So a tab can see that a response
   * belongs to an older attempt.
   */
  sequence: number;
  /** The `sequence` of the attempt or login that returned the stored tokens. */
  committedSequence: number;
  /** The attempt to refresh that is in progress. Null while there is no such attempt. */
  attempt: null | SessionAttempt;
  /**
   * True if an attempt with the stored refresh token got no response, and a later attempt was refused. The refresh token might be
   * used up.
   */
  uncertain?: true;
  /** Why the session has ended. Null while the session has not ended. */
  end: null | SessionEnd;
  /** How long the session is kept. `remembered`: until the user logs out. `tabs`: until the user's last tab closes. */
  lifetime: "remembered" | "tabs";
  /** The profile of the user for a user picker. Absent if the user is not remembered. */
  remembered?: RememberedProfile;
  /**
   * When the server was last asked for the claims of the user. Milliseconds since the epoch. Absent if the ID token of the login
   * lacks claims that the granted scopes promise.
   */
  userCheckedAt?: number;
  /** `pending`: the claims of the stored ID token have been validated, but the signature has not. */
  signature?: "pending";
  /**
   * The refusals of the server, by target (scope, resource and audience). A successful refresh for a target removes the
   * target's refusal. A login removes all refusals.
   */
  refusals?: Record<TargetKey, Refusal>;
  /**
   * The resources that the login requested. A refresh may request tokens for these resources.
   * @see https://www.rfc-editor.org/rfc/rfc8707#section-2.1
   */
  resources?: string[];
  /** Whether the session has a refresh token. */
  renewable: boolean;
  /** The public facts about each stored access token, such as its expiry. The tokens themselves are in `tokens`. */
  access: Record<TargetKey, AccessEntry>;
  /** The secrets of the session, in the form that `SessionStore.seal()` returned. */
  tokens: unknown;
}

/** The data of a remembered user that a row stores for a user picker. */
export interface RememberedProfile extends Omit<RememberedUser, "sub" | "needsLogin"> {
  /** True if the user has chosen to be remembered. The profile then stays after a logout, for a picker of users. */
  readonly isChosen?: true;
}

/** An attempt to refresh the session. A tab stores the attempt in the row before the tab sends the refresh token. */
export interface SessionAttempt {
  id: string;
  sequence: number;
  /** The id of the tab that stored the attempt. Only this tab sends the refresh token for the attempt. */
  tab: string;
  target: TargetKey;
  /**
   * The number of earlier attempts that sent this refresh token and got no clear response. The refresh token might be used up
   * if this number is not 0.
   */
  uncertainSends: number;
  /** The number of earlier attempts since the last stored response. The pause after each attempt grows with this number. */
  sends: number;
  /** The earliest time at which a tab sends the refresh token again. Milliseconds since the epoch. */
  retryAt?: number;
  /**
   * The length of the whole pause that ends at `retryAt`. Milliseconds. No tab waits longer than this, even if the wall clock
   * was set back.
   */
  retryMs?: number;
}

/** Says how often and when the server has refused to issue a token for one target (scope, resource and audience). */
export interface Refusal extends Pick<ServerFacts, "error" | "errorDescription" | "status"> {
  /** Why the server refused the requests. See `ResponseMeaning`. */
  meaning: "user needed" | "wrong request" | "unexplained";
  /** The number of refusals in succession. */
  count: number;
  /** The time of the first refusal that `count` includes. Milliseconds since the epoch. */
  firstAt: number;
  /** The time of the last refusal. Milliseconds since the epoch. */
  lastAt: number;
}

/** Why a session has ended. */
export interface SessionEnd {
  reason: "session_ended" | "lost_response" | "id_token" | "logged_out";
  /** The `sequence` of the refresh attempt or logout that ended the session. */
  sequence: number;
  /** The name of the invalid claim, or `signature`. Present only if the reason is `id_token`. */
  claim?: string;
}

/** The public facts about a stored access token, such as its expiry. The token itself is not included. */
export interface AccessEntry {
  /** The value of `SessionRow.generation` when the token was stored. */
  generation: number;
  /** When the token expires. Milliseconds since the epoch. */
  expiresAt: number;
  /** The granted scopes. */
  scope: string[];
  /** The lifetime that remained when the token arrived. Milliseconds. */
  lifetimeMs?: number;
}

/** The secrets of a session: its tokens, and the claims of its user. */
export interface TokenRecord {
  refreshToken?: string;
  idToken?: string;
  /** Whether the signature of `idToken` has been validated. */
  idTokenVerified: boolean;
  /** The user of the session, with the claims of the last verified ID token. */
  user: User;
  /** The claim `auth_time` of the last verified ID token. Seconds since the epoch. */
  authTime?: number;
  /** The access tokens, by target. */
  access: Record<TargetKey, { token: string; tokenType: string }>;
}

/** A `SessionChange` function returns this value to leave the row unchanged. */
export const NO_CHANGE: unique symbol = Symbol("no change");

/**
 * A function that computes the new row from the stored row. Returns the new row, `undefined` to delete the row, or `NO_CHANGE`.
 */
export type SessionChange = (
  row: SessionRow | undefined,
) => SessionRow | undefined | typeof NO_CHANGE;

/**
 * Stores sessions. `createAuth({ sessions })` takes a store of the app. Rows and sealed tokens are plain data that JSON can hold.
 *
 * - Every method rejects with a `StorageError` when the store fails. Other errors reach the app unchanged.
 * - All tabs of the app must see the same rows. After one tab has stored a row, the next `get()` in every tab returns this row.
 * - A store need not notify other tabs of a change. Latchkey notifies the other tabs after `update()` has resolved.
 * - A row whose `version` is larger than 2 belongs to a newer version of Latchkey, and must be stored unchanged.
 */
export interface SessionStore {
  /** Returns the row with this key, or undefined if there is none. */
  get(key: string): Promise<SessionRow | undefined>;
  /**
   * In one transaction, reads the row, calls `change` with the row, and stores the result. Returns the stored row after the
   * transaction. `change` must be synchronous, and might be called twice.
   *
   * No other `update()` of the same key, in any tab, may run between the read and the write. Only this rule prevents two tabs
   * from sending the same refresh token. If the storage has no transactions, take a Web Lock for the key. If `change` returns
   * `undefined`, the row is deleted. If `change` returns `NO_CHANGE`, nothing is written. If `change` throws, nothing is
   * written, and `update()` rejects with the same error. The promise resolves only when the row is stored.
   */
  update(key: string, change: SessionChange): Promise<SessionRow | undefined>;
  /** Returns the value to store as `SessionRow.tokens` for the secrets in `record`. */
  seal(record: TokenRecord): Promise<unknown>;
  /**
   * Returns the secrets of a session. `tokens`: the value that `seal()` returned for these secrets.
   * @throws NoTokenError neither this device nor an open tab has the secrets
   */
  open(tokens: unknown): Promise<TokenRecord>;
  /**
   * Deletes the secrets of a session, and all older secrets of the same user, from the memory of every tab. `tokens`: the value
   * that `seal()` returned for the secrets.
   */
  discard?(tokens: unknown): void;
  /**
   * Returns the keys of all rows that start with `prefix`. Required if the store is given to `createAuth()` without a `users`
   * store of the app.
   */
  keys?(prefix: string): Promise<readonly string[]>;
}

/**
 * Returns the key in `row.access` of a token that can be used for `target`, or undefined if there is none. `isGood` must return
 * true for the token. If `target` has scopes, a token with additional scopes and the same resource and audience can be used,
 * too.
 */
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

/**
 * Returns the stored access token of `target` as a `TokenSet` without a refresh token. Returns undefined if no access token is
 * stored for `target`.
 */
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

/** Whether a newer version of Latchkey wrote the row. This version of Latchkey must not change such a row. */
export function isNewer(row: SessionRow | undefined): boolean {
  return row !== undefined && row.version > 2;
}

/** Returns the error for a row that a newer version of Latchkey wrote. */
export function newerVersion(): ConfigurationError {
  return new ConfigurationError(
    "session",
    "a newer version of Latchkey in another tab stored this session",
    "Reload this page to load the newer version here, too.",
  );
}

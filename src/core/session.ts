import type { ServerFacts } from "./auth-error.ts";
import type { RememberedUser } from "./login-prompt.ts";
import { tokenSet, type TokenSet } from "./token-set.ts";
import type { User } from "./user.ts";
import { parseTargetKey, type TargetKey } from "./token-target.ts";
import { ConfigurationError } from "./errors.ts";

/**
 * The stored session of one user for one client on this device. Only `SessionStore.update()` changes a row. A change must copy
 * unknown members, as in `{ ...row, generation }`.
 */
export interface SessionRow {
  /** The version of the row's format. A tab that reads a larger version never writes the row. */
  version: 2;
  /**
   * A random id. Every login and every logout stores a new id. So a tab notices if the response to its refresh belongs to an
   * earlier session, and does not store the response.
   */
  sessionId: string;
  /** Increases by one with each stored response and each login. */
  generation: number;
  /**
   * A number that increases by one with each attempt to refresh, each login and each logout. With this number, a tab notices
   * that a response belongs to an older attempt than the stored tokens.
   */
  sequence: number;
  /** The `sequence` of the attempt or login that the stored tokens come from. */
  committedSequence: number;
  /** The refresh that is in progress, if any. */
  attempt: null | SessionAttempt;
  /** Why the session has ended. Null while the session has not ended. */
  end: null | SessionEnd;
  /** How long the session is kept. `remembered`: until a logout. `tabs`: until the last tab of the user closes. */
  lifetime: "remembered" | "tabs";
  /**
   * The profile that a user picker shows. It is stored outside `tokens`, so that a list of users can be read without the
   * tokens. Absent when the user is not remembered.
   */
  remembered?: RememberedProfile;
  /** `pending`: the claims of the stored ID token are validated, but its signature is not validated yet. */
  signature?: "pending";
  /**
   * Says for each target (scope, resource and audience) how often and when the server has refused requests for the target. A
   * login removes all these records. A successful refresh for a target removes the record of this target.
   */
  refusals?: Record<TargetKey, Refusal>;
  /**
   * The resources that the login named. A refresh is allowed to request tokens for these resources.
   * @see https://www.rfc-editor.org/rfc/rfc8707#section-2.1
   */
  resources?: string[];
  /** True when the session has a refresh token. */
  renewable: boolean;
  /** The public facts about each stored access token, by target. The tokens themselves are in `tokens`. */
  access: Record<TargetKey, AccessEntry>;
  /** The secrets of the session, as `SessionStore.seal()` returned them. */
  tokens: unknown;
}

/** The data of a remembered user that a row stores for a user picker. */
export type RememberedProfile = Omit<RememberedUser, "sub" | "needsLogin">;

/** An attempt to refresh the session. The row stores the attempt before the refresh token is sent. */
export interface SessionAttempt {
  id: string;
  sequence: number;
  /** The id of the tab that owns the attempt. Only this tab sends the attempt's requests. */
  tab: string;
  target: TargetKey;
  /**
   * The number of earlier attempts that sent this refresh token and got no clear result. After such an attempt, the server
   * might have replaced the token.
   */
  uncertainSends: number;
  /**
   * The number of earlier attempts since the last stored response. The more attempts, the longer are the pauses between them.
   */
  sends: number;
  /** The earliest time at which a tab sends the refresh token again. Milliseconds since the epoch. */
  retryAt?: number;
  /**
   * The complete length of the pause that ends at `retryAt`. Milliseconds. If the wall clock is set back, `retryAt` is too far
   * in the future. So no tab waits longer than `retryMs`.
   */
  retryMs?: number;
}

/**
 * Says how often and when the server has refused requests for one target. The row stores this record, so that no other tab
 * repeats a refused request.
 */
export interface Refusal extends Pick<ServerFacts, "error" | "errorDescription" | "status"> {
  /** The `ResponseMeaning` of the refusals. */
  meaning: "user needed" | "wrong request" | "unexplained";
  /** How many times in a row the server has refused a request for the target. */
  count: number;
  /** When the first of these refusals arrived. Milliseconds since the epoch. */
  firstAt: number;
  /** When the last of these refusals arrived. Milliseconds since the epoch. */
  lastAt: number;
}

/** Why a session has ended. */
export interface SessionEnd {
  reason: "invalid_grant" | "lost_response" | "id_token" | "logged_out";
  /** The `sequence` of the refresh attempt that ended the session. After a logout: the `sequence` of the logout. */
  sequence: number;
  /** For the reason `id_token`: the invalid claim, or `signature`. */
  claim?: string;
}

/** The public facts about a stored access token. They do not contain the token. */
export interface AccessEntry {
  /** The `SessionRow.generation` with which the token was stored. */
  generation: number;
  /** When the token expires. Milliseconds since the epoch. */
  expiresAt: number;
  /** The granted scopes. */
  scope: string[];
  /** The remaining lifetime of the token at the time of its arrival. Milliseconds. */
  lifetimeMs?: number;
}

/** The secrets of a session. */
export interface TokenRecord {
  refreshToken?: string;
  idToken?: string;
  /** True when the signature of `idToken` has been validated. */
  idTokenVerified: boolean;
  /** The user of the session, with the claims of the last verified ID token. */
  user: User;
  /** `auth_time` of the last verified ID token. Seconds since the epoch. */
  authTime?: number;
  /** The access tokens, by target. */
  access: Record<TargetKey, { token: string; tokenType: string }>;
}

/** A `SessionChange` returns this value to leave the row unchanged. */
export const NO_CHANGE: unique symbol = Symbol("no change");

/** Computes a change of a row. Returns the new row, `undefined` to delete the row, or `NO_CHANGE`. */
export type SessionChange = (
  row: SessionRow | undefined,
) => SessionRow | undefined | typeof NO_CHANGE;

/** Stores sessions. Every method rejects with a `StorageError` when the store fails. */
export interface SessionStore {
  get(key: string): Promise<SessionRow | undefined>;
  /**
   * Reads the row, calls `change` with the row, and writes the row that `change` returns. All this is one transaction. `change`
   * must be synchronous, and might be called twice. Returns the row after the transaction.
   */
  update(key: string, change: SessionChange): Promise<SessionRow | undefined>;
  /** Turns the secrets of a session into the value that a row stores as `tokens`. */
  seal(record: TokenRecord): Promise<unknown>;
  /**
   * Returns secrets. `tokens`: the value that `seal()` returned for these secrets.
   * @throws NoTokenError neither this device nor an open tab has the secrets
   */
  open(tokens: unknown): Promise<TokenRecord>;
  /**
   * Deletes secrets from the memory of every tab. `tokens`: a value that `seal()` returned. The secrets of this value are deleted,
   * and all older secrets of the same user.
   */
  discard?(tokens: unknown): void;
}

/**
 * Returns the key of a stored access token that can be used for `target`, or undefined if there is none. `isGood` must return
 * true for the token. The function first looks for the token of `target` itself. If there is no such token and `target` has
 * scopes, the function looks for a token with the same resource and audience, and with all scopes of `target`.
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
 * Returns the stored tokens of `target`, without the refresh token. Returns undefined when no tokens are stored for `target`.
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

/** Whether a newer version of Latchkey, in another tab, wrote the row. This tab must not write such a row. */
export function isNewer(row: SessionRow | undefined): boolean {
  return row !== undefined && row.version > 2;
}

/** The error for a row that a newer version of Latchkey wrote. */
export function newerVersion(): ConfigurationError {
  return new ConfigurationError(
    "session",
    "a newer version of Latchkey in another tab stored this session",
    "Reload this page to load the newer version here, too.",
  );
}

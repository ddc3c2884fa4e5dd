import type { ServerFacts } from "./auth-error.ts";
import type { RememberedUser } from "./login-prompt.ts";
import { tokenSet, type TokenSet } from "./token-set.ts";
import type { User } from "./user.ts";
import { parseTargetKey, type TargetKey } from "./token-target.ts";
import { ConfigurationError } from "./errors.ts";

/**
 * One person's session for one client on this device. Changed only through `SessionStore.update`.
 * Unknown fields are preserved, so write `{ ...row, changed }`.
 */
export interface SessionRow {
  /** Version of this shape. A tab that meets a larger one never writes. */
  version: 2;
  /** Random per login; every login and sign-out replaces it and so fences all older attempts. */
  sessionId: string;
  /** Generation: one more for each committed answer or login. */
  generation: number;
  /** Last allocated attempt number, the fencing token; never decreases. */
  sequence: number;
  /** `sequence` of the attempt whose answer is stored. */
  committedSequence: number;
  attempt: null | SessionAttempt;
  end: null | SessionEnd;
  /** `device`: the person is remembered. `tabs`: only while a tab is open. */
  lifetime: "remembered" | "tabs";
  /** What a picker shows, in the clear: listing people opens no tokens. Without it they are not remembered. */
  remembered?: RememberedProfile;
  /** The signature of the stored ID token is not validated yet. Its claims are. */
  signature?: "pending";
  /** The server's last refusals, by target. A login or a successful refresh of the target removes them. */
  refusals?: Record<TargetKey, Refusal>;
  /** The resources that the login named: the refresh token may be asked for them. @see RFC 8707 section 2.1 */
  resources?: string[];
  /** A refresh token is there. */
  renewable: boolean;
  /** Clear index of the access tokens, without them. */
  access: Record<TargetKey, AccessEntry>;
  /** What `SessionStore.seal` made of a `TokenRecord`. */
  tokens: unknown;
}

export type RememberedProfile = Omit<RememberedUser, "sub" | "needsLogin">;

/** An attempt to refresh, written down before it is sent. */
export interface SessionAttempt {
  id: string;
  sequence: number;
  tab: string;
  target: TargetKey;
  /** How many sends of this refresh token may have been processed without an answer. */
  uncertainSends: number;
  /** Sends since the last commit, for whatever reason: the back-off step. */
  sends: number;
  /** No tab sends again before. Milliseconds since the epoch. */
  retryAt?: number;
  /** How long before `retryAt` that was decided: a wall clock that was set back makes no pause longer. Milliseconds. */
  retryMs?: number;
}

/** Why the server refused to refresh a target, known to all tabs after one request. */
export interface Refusal extends Pick<ServerFacts, "error" | "errorDescription" | "status"> {
  meaning: "user needed" | "wrong request" | "unexplained";
  /** Refusals in a row. */
  count: number;
  /** The first and the last of them. Milliseconds since the epoch. */
  firstAt: number;
  lastAt: number;
}

export interface SessionEnd {
  reason: "invalid_grant" | "lost_response" | "id_token" | "logged_out";
  sequence: number;
  /** The claim that is wrong, for `id_token`. */
  claim?: string;
}

export interface AccessEntry {
  generation: number;
  /** Milliseconds since the epoch. */
  expiresAt: number;
  /** As granted. */
  scope: string[];
  /** Its whole life, as answered. */
  lifetimeMs?: number;
}

/** The secrets of a session. */
export interface TokenRecord {
  refreshToken?: string;
  idToken?: string;
  idTokenVerified: boolean;
  /** Of the last verified ID token. */
  user: User;
  /** Of the last verified ID token, seconds since the epoch. */
  authTime?: number;
  access: Record<TargetKey, { token: string; tokenType: string }>;
}

/** The answer of an `update` that changes nothing. */
export const NO_CHANGE: unique symbol = Symbol("keep");

/** What an `update` makes of a row: a new row, `undefined` to delete it, or `NO_CHANGE`. */
export type SessionChange = (
  row: SessionRow | undefined,
) => SessionRow | undefined | typeof NO_CHANGE;

/** Sessions with an atomic `update`. Every method rejects with a `StorageError` when the store fails. */
export interface SessionStore {
  get(key: string): Promise<SessionRow | undefined>;
  /** Compare and set in one transaction. `change` is synchronous and may run twice. Gives the row as it then stands. */
  update(key: string, change: SessionChange): Promise<SessionRow | undefined>;
  seal(record: TokenRecord): Promise<unknown>;
  open(tokens: unknown): Promise<TokenRecord>;
  /** Nobody needs what was sealed any more, nor what was before it of that person: it is to be nowhere, in no tab. */
  discard?(tokens: unknown): void;
}

/** A person and their session on this device, if there is one. */
export interface StoredUser {
  sub?: string;
  row?: SessionRow | undefined;
  /** This tab was for them before, perhaps before a reload. Without `sub`: this tab is for nobody. */
  isPinned?: boolean;
}

/**
 * Who is known on this device, and whom this tab is for. The default user is whom a new tab is for. Its promises reject with
 * a `StorageError` when the store fails.
 */
export interface UserStore {
  /** Who is pinned in this tab, else the default user: `sub` and session, read in one transaction. */
  getActive(): Promise<StoredUser>;
  /** `null`: nobody from now on. */
  putDefault(sub: string | null): Promise<void>;
  /** For this tab's life, reloads included. Empty: nobody, whoever the default is; `undefined`: the default user again. */
  pin(sub: string | undefined): void;
  /** All of them; loaded apart. @throws NetworkError it cannot be loaded */
  users(): Promise<RememberedUsers>;
}

/** The client's people on this device. */
export interface RememberedUsers {
  /** Who is remembered, the last used first. Of a record that is damaged or newer there is nothing but the `sub`. */
  list(): Promise<readonly RememberedUser[]>;
  /** Each `sub` that has a record here, whatever it says. */
  known(): Promise<readonly string[]>;
  /** Makes them the default user, if they have a record here: the answer. */
  putDefault(sub: string): Promise<boolean>;
  /** Nobody is the default user any more, if they are and have no record here. */
  dropDefault(sub: string): Promise<void>;
  /** Deletes all that is stored of them, in one transaction, and records for one day that they were forgotten. */
  forget(sub: string): Promise<void>;
  /** Whether they were forgotten, within a day, and did not sign in since. Without `sub`: whether anybody was. */
  isForgotten(sub?: string): Promise<boolean>;
  /** They signed in. */
  clearForgotten(sub: string): Promise<void>;
}

/** The access token of the row that serves `target`: the same key, or one whose granted scope covers it. */
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

/** The tokens of `target` as a grant gives them; undefined when the row has none. The refresh token stays inside. */
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

/** A tab that meets a row of a newer Latchkey, in another tab, must not write it. */
export function isNewer(row: SessionRow | undefined): boolean {
  return row !== undefined && row.version > 2;
}

export function newerVersion(): ConfigurationError {
  return new ConfigurationError(
    "session",
    "a newer version of Latchkey wrote it, in another tab",
    "Reload this page to get the newer version here, too.",
  );
}

import { NoTokenError, type RefreshTokenError } from "./errors.ts";
import type { Grant, TokenRequest } from "./grant.ts";
import { isSessionOver, needsUser } from "./refresh-failure.ts";
import type { Refusal } from "./session.ts";
import type { TokenSet } from "./token-set.ts";

/**
 * Reads and locks the stored tokens of one user for one target (scope, resource and audience). There is one lock for these
 * tokens. All calls in all tabs use this lock.
 */
export interface CachedTokens<Stored> {
  read(): Promise<Stored | undefined>;
  /** Whether the stored tokens are good enough to be returned. If not, the grant must be called. */
  isGood(stored: Stored): boolean;
  tokensOf(stored: Stored): TokenSet;
  /** Waits for the lock of the user and target, and runs `work` while the lock is held. Returns the result of `work`. */
  underLock(work: () => Promise<Found>): Promise<Found>;
}

/**
 * The result of a search for tokens. Either `tokens` or `reason` is set. `tokens`: the tokens that were found. `reason`: the
 * error of the grant if only the user can help, for example by a login.
 */
export interface Found {
  readonly tokens?: TokenSet;
  readonly reason?: NoTokenError | RefreshTokenError;
}

/**
 * Waits for the lock, and then reads the stored tokens again, because another call or tab might have stored new tokens during
 * the wait. `before`: the tokens that the caller read before the wait.
 * - If `cache` is `default` and the stored tokens are good, returns the stored tokens.
 * - If `cache` is `reload`, returns the stored tokens only if they are good and their access token differs from the access token
 *   of `before`.
 * - Otherwise, returns the result of `request(stored)`. The lock is held until its promise has settled.
 */
export function storedOrRequested<Stored>(
  cache: "default" | "reload",
  before: Stored | undefined,
  cached: CachedTokens<Stored>,
  request: (stored: Stored | undefined) => Promise<Found>,
): Promise<Found> {
  return cached.underLock(async () => {
    const now = await cached.read();
    if (now === undefined || !cached.isGood(now)) return request(now);
    const tokens = cached.tokensOf(now);
    const isNewEnough =
      cache === "default" ||
      before === undefined ||
      tokens.accessToken !== cached.tokensOf(before).accessToken;
    return isNewEnough ? { tokens } : request(now);
  });
}

/** The stored tokens that a request can refresh, and the functions that change them in the store. */
export interface StoredTokens {
  readonly tokens?: TokenSet | undefined;
  readonly refusal?: Refusal | undefined;
  dropRefreshToken(): Promise<void>;
  putRefusal(refusal: Refusal): Promise<void>;
  /** Deletes the stored tokens. Called when the session of these tokens has ended. */
  delete(): Promise<void>;
}

/**
 * Calls the grant with the stored tokens and with `prompt: "none"`, so that the grant does not ask the user. The caller holds a
 * lock, and a user could take minutes. If only the user can help, returns the grant's error as `reason`. If the grant rejects
 * with any other error, rejects with this error.
 */
export async function requestSilently(
  grant: Grant,
  request: TokenRequest,
  stored: StoredTokens,
): Promise<Found> {
  const { tokens, refusal } = stored;
  let isInvalidGrant = false;
  const onRefreshTokenRejected = async () => {
    isInvalidGrant = true;
    await stored.dropRefreshToken();
  };
  const onRefused = (refusal: Refusal) => stored.putRefusal(refusal);
  try {
    const response = await grant.requestToken({
      ...request,
      prompt: "none",
      ...(tokens && { tokens, onRefreshTokenRejected, onRefused }),
      ...(refusal && { refusal }),
    });
    return { tokens: response };
  } catch (error) {
    if (isSessionOver(error)) await stored.delete();
    if (needsUser(error, isInvalidGrant)) return { reason: error };
    throw error;
  }
}

/**
 * Calls the grant and allows the grant to ask the user. `reason`: the error that `requestSilently()` returned before, or
 * `undefined` if there was no such error. If the grant rejects with a `NoTokenError`, throws `reason` instead, because `reason`
 * is more specific.
 */
export async function requestFromUser(
  grant: Grant,
  request: TokenRequest,
  reason: NoTokenError | RefreshTokenError | undefined,
): Promise<TokenSet> {
  try {
    return await grant.requestToken(request);
  } catch (error) {
    throw reason && error instanceof NoTokenError ? reason : error;
  }
}

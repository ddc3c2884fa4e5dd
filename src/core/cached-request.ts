import { NoTokenError, type RefreshTokenError } from "./errors.ts";
import type { Grant, TokenRequest } from "./grant.ts";
import { isSessionOver, needsUser } from "./refresh-failure.ts";
import type { Refusal } from "./session.ts";
import type { TokenSet } from "./token-set.ts";

/** The stored tokens of one user for one scope, resource and audience. All tabs share one lock for these tokens. */
export interface CachedTokens<Stored> {
  read(): Promise<Stored | undefined>;
  /** Whether the stored access token is valid and does not expire soon. Otherwise, a new token is requested from the grant. */
  isGood(stored: Stored): boolean;
  tokensOf(stored: Stored): TokenSet;
  /** Waits for the lock, and calls `work` while the lock is held. Returns the result of `work`. */
  underLock(work: () => Promise<Found>): Promise<Found>;
}

/** Either `tokens`, or the grant's error as `reason`. `reason` is set if the user must act, for example log in. */
export interface Found {
  readonly tokens?: TokenSet;
  readonly reason?: NoTokenError | RefreshTokenError;
}

/**
 * Waits for the lock, reads the stored tokens, and returns the stored tokens or the result of `request`. `request` is called
 * while the lock is held, in these cases:
 * - No tokens are stored, or `isGood()` returns false for the stored tokens.
 * - `cache` is `reload`, and the stored access token is still the access token of `before`. `before` contains the tokens that
 *   the caller read before the wait for the lock.
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

/** Stored tokens that a grant can refresh, and functions that change the stored tokens. */
export interface StoredTokens {
  readonly tokens?: TokenSet | undefined;
  readonly refusal?: Refusal | undefined;
  dropRefreshToken(): Promise<void>;
  putRefusal(refusal: Refusal): Promise<void>;
  /** Deletes the stored tokens. Called when the session of the tokens has ended. */
  delete(): Promise<void>;
}

/**
 * Calls the grant with the stored tokens and `prompt: "none"`. The grant must not ask the user, because the caller holds a
 * lock. If the grant's error says that the user must act, returns the error as `reason`. Throws every other error.
 */
export async function requestSilently(
  grant: Pick<Grant, "requestToken">,
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
 * Calls the grant, which is allowed to ask the user. `reason` is the error that an earlier `requestSilently()` returned. If the
 * grant throws a `NoTokenError`, throws `reason` instead, because `reason` is more specific.
 */
export async function requestFromUser(
  grant: Pick<Grant, "requestToken">,
  request: TokenRequest,
  reason: NoTokenError | RefreshTokenError | undefined,
): Promise<TokenSet> {
  try {
    return await grant.requestToken(request);
  } catch (error) {
    throw reason && error instanceof NoTokenError ? reason : error;
  }
}

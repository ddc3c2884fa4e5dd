import { NoTokenError, type RefreshTokenError } from "./errors.ts";
import type { Grant, TokenRequest } from "./grant.ts";
import { isSessionOver, needsUser } from "./refresh-failure.ts";
import type { Refusal } from "./session.ts";
import type { TokenSet } from "./token-set.ts";

/**
 * Reads and locks the stored tokens of one user for one target (scope, resource and audience). All calls and tabs that use
 * these tokens share one lock.
 */
export interface CachedTokens<Stored> {
  read(): Promise<Stored | undefined>;
  /** Whether the stored tokens are good enough to be returned. If not, the grant must be called. */
  isGood(stored: Stored | undefined): stored is Stored;
  accessTokenOf(stored: Stored | undefined): string | undefined;
  /** Runs `work` while this call holds the lock of the user and target. */
  underLock<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * The result of a search for tokens. If tokens were found, `tokens` is set. If only a user can help, `reason` is set: the error
 * that says why.
 */
export interface Found {
  readonly tokens?: TokenSet;
  readonly reason?: NoTokenError | RefreshTokenError;
}

/**
 * Waits for the lock, and then reads the stored tokens again, because another call or tab might have stored new tokens
 * meanwhile. `before`: the tokens that were stored when the call began.
 * - If the stored tokens are good, returns `give(stored)`. If `cache` is `reload`, this applies only if the access token
 *   differs from that of `before`.
 * - Otherwise calls `request` with the stored tokens, and returns its result.
 *
 * The lock is held until `give` has returned or the promise of `request` has settled.
 */
export function storedOrRequested<Stored, Result>(
  cache: "default" | "reload",
  before: Stored | undefined,
  tokens: CachedTokens<Stored>,
  give: (stored: Stored) => Result,
  request: (stored: Stored | undefined) => Promise<Result>,
): Promise<Result> {
  return tokens.underLock(async () => {
    const now = await tokens.read();
    const isNewEnough =
      cache === "default" || tokens.accessTokenOf(now) !== tokens.accessTokenOf(before);
    return isNewEnough && tokens.isGood(now) ? give(now) : request(now);
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
 * Calls the grant with the stored tokens. The grant must not ask the user, because the caller holds the lock, and a user can
 * take minutes. So the request has `prompt: "none"`. If only a user can help, returns the grant's error as `reason`. Rejects
 * with every other error of the grant.
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
 * Calls the grant and allows the grant to ask the user. `reason`: the error of an earlier call without the user, if there was
 * one. If the grant rejects with a `NoTokenError`, throws `reason` instead, because `reason` is more specific.
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

import { NoTokenError, type RefreshTokenError } from "./errors.ts";
import type { Grant, TokenRequest } from "./grant.ts";
import { isSessionOver, needsUser } from "./refresh-failure.ts";
import type { Refusal } from "./session.ts";
import type { TokenSet } from "./token-set.ts";

/** The stored tokens of one user and one target. Calls and tabs share them under one lock. */
export interface CachedTokens<Stored> {
  read(): Promise<Stored | undefined>;
  /** Whether the tokens may be returned without a request. */
  isGood(stored: Stored | undefined): stored is Stored;
  accessTokenOf(stored: Stored | undefined): string | undefined;
  /** Runs `work` while no other call of this user and target runs. */
  underLock<T>(work: () => Promise<T>): Promise<T>;
}

/** Tokens, or the error that says why only a user can help. */
export interface Found {
  readonly tokens?: TokenSet;
  readonly reason?: NoTokenError | RefreshTokenError;
}

/**
 * Returns the stored tokens if another call or tab has stored new ones while this call waited for the lock. Otherwise it calls
 * `request` with the stored tokens, under the lock. `before`: the tokens that were stored when the call began.
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

/** What a request that may refresh stored tokens does to them. */
export interface StoredTokens {
  readonly tokens?: TokenSet | undefined;
  readonly refusal?: Refusal | undefined;
  dropRefreshToken(): Promise<void>;
  putRefusal(refusal: Refusal): Promise<void>;
  /** The server ended the session of the tokens. */
  delete(): Promise<void>;
}

/**
 * Calls the grant with the stored tokens and with `prompt: "none"`, because the caller holds the lock and a user may take long.
 * Rejects as the grant does, unless only a user can help.
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

/** Calls the grant so that it may ask the user. When the grant cannot, `reason` says more than its own error. */
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

import type { AuthState, TokenSummary } from "../../core/auth.ts";
import { isAuthError } from "../../core/errors.ts";
import type { Clock } from "../../core/ports.ts";
import { CLOCK_STEP_MS, isFromFuture, remainingMs } from "../../core/token-lifetime.ts";
import type { TokenSet } from "../../core/token-set.ts";
import type { User } from "../../core/user.ts";

/** `fresh`: returned at once. `expiring`: returned, while a newer token is requested. `expired`: by one of the two clocks. */
export type TokenCondition = "fresh" | "expiring" | "expired";

/** The token of the default target, in memory. */
export interface CachedToken {
  /** The promise that `getToken()` returns. */
  readonly promise: Promise<string>;
  readonly sessionId: string;
  readonly generation: number;
  summary: TokenSummary;
  /** The expiry in the store, which all tabs use. Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The token is fresh until this wall time. There are two limits, because either clock may be wrong. Milliseconds. */
  untilWall: number;
  /** The token is fresh until this time of the monotonic clock. Milliseconds. */
  readonly untilMonotonic: number;
  /** When the token expires by the monotonic clock. Milliseconds. */
  readonly endMonotonic: number;
  /** The wall time of the last check by both clocks. Reading the monotonic clock costs five times as much. Milliseconds. */
  goodAt: number;
}

/** Makes the cached form of the stored tokens of the session `sessionId`. */
export function cacheToken(
  tokens: TokenSet,
  sessionId: string,
  origin: TokenSummary["origin"],
  clock: Clock,
): CachedToken {
  const { accessToken, expiresAt, scope, generation = 0 } = tokens;
  const [now, monotonic] = [clock.now(), clock.monotonic()];
  const validMs = Math.max(0, remainingMs(tokens, now));
  const freshMs = isFromFuture(tokens, now) ? 0 : validMs - renewalWindow(validMs);
  return {
    promise: Promise.resolve(accessToken),
    sessionId,
    generation: generation,
    expiresAt,
    summary: { scope, expiresAt: Math.min(expiresAt, now + validMs), origin },
    untilWall: now + freshMs,
    untilMonotonic: monotonic + freshMs,
    endMonotonic: monotonic + validMs,
    goodAt: Number.NaN,
  };
}

/** Whether the token is not near its expiry, by both clocks. */
export function isFresh(cached: CachedToken, clock: Clock): boolean {
  const now = clock.now();
  if (now !== cached.goodAt) {
    const wallRemainingMs = cached.untilWall - now;
    const monotonicRemainingMs = cached.untilMonotonic - clock.monotonic();
    if (
      wallRemainingMs <= 0 ||
      monotonicRemainingMs <= 0 ||
      wallRemainingMs > monotonicRemainingMs + CLOCK_STEP_MS
    )
      return false;
    cached.goodAt = now;
  }
  return true;
}

/** Moves the expiry to an earlier wall time if the wall clock was set back. Returns whether it was. */
export function followWall(cached: CachedToken, clock: Clock): boolean {
  const expiresAt = clock.now() + cached.endMonotonic - clock.monotonic();
  const stepMs = cached.summary.expiresAt - expiresAt;
  if (stepMs <= CLOCK_STEP_MS) return false;
  cached.untilWall -= stepMs;
  cached.summary = { ...cached.summary, expiresAt };
  return true;
}

/** Whether the token has expired by one of the two clocks. */
export function isExpired({ summary, endMonotonic }: CachedToken, clock: Clock): boolean {
  return summary.expiresAt <= clock.now() || endMonotonic <= clock.monotonic();
}

/** Returns the condition of stored tokens. `cached`: their cached form, if there is one. */
export function conditionOf(
  tokens: TokenSet,
  cached: CachedToken | undefined,
  clock: Clock,
): TokenCondition {
  const now = clock.now();
  const validMs = remainingMs(tokens, now);
  if (validMs <= 0 || (cached && cached.endMonotonic <= clock.monotonic())) return "expired";
  const isGood = cached
    ? isFresh(cached, clock)
    : validMs > renewalWindow(tokens.lifetimeMs ?? 0) && !isFromFuture(tokens, now);
  return isGood ? "fresh" : "expiring";
}

/** Returns how long before its expiry a token is renewed in the background, while it is still returned. Milliseconds. */
export function renewalWindow(lifetimeMs: number): number {
  return Math.min(Math.max(30_000, lifetimeMs / 10), lifetimeMs / 3);
}

/** Returns the state of a session that has not ended, or the state without a user. `error`: why no user is signed in. */
export function stateOf(
  user: User | undefined,
  cached: CachedToken | undefined,
  clock: Clock,
  error: unknown,
): AuthState {
  if (!user || !cached) return { status: "anonymous", ...(isAuthError(error) && { error }) };
  const token = cached.summary;
  const freshness = isExpired(cached, clock) ? "stale" : "fresh";
  return { status: "authenticated", user, freshness, token };
}

import type { AuthenticatedReason, TokenSummary } from "../../core/auth-state.ts";
import type { Clock } from "../../core/ports.ts";
import { CLOCK_STEP_MS, isFromFuture, remainingMs } from "../../core/token-lifetime.ts";
import type { SessionRow } from "../../core/session.ts";
import type { TokenSet } from "../../core/token-set.ts";
import { DEFAULT_TARGET } from "../../core/token-target.ts";

/**
 * The condition of a stored or cached token.
 * - `fresh`: the token is returned at once.
 * - `expiring`: the token is returned at once, and a newer token is requested in the background.
 * - `expired`: the token has expired by the wall clock or by the monotonic clock.
 */
export type TokenCondition = "fresh" | "expiring" | "expired";

/** An access token in memory. `getToken()` without options returns this token. */
export interface CachedToken {
  /** The promise that `getToken()` returns. */
  readonly promise: Promise<string>;
  readonly sessionId: string;
  readonly generation: number;
  /** How this tab got the session of the token. */
  readonly reason: AuthenticatedReason;
  summary: TokenSummary;
  /**
   * The stored expiry of the token. If the wall clock is set back, only `summary.expiresAt` is corrected. Milliseconds since
   * the epoch.
   */
  readonly expiresAt: number;
  /** The time until which the token is fresh by the wall clock. Milliseconds since the epoch. */
  untilWall: number;
  /** The time until which the token is fresh by the monotonic clock. Milliseconds. */
  readonly untilMonotonic: number;
  /** The time at which the token expires by the monotonic clock. Milliseconds. */
  readonly endMonotonic: number;
  /**
   * The wall-clock time at which `isFresh()` last returned true. Within the same millisecond, `isFresh()` returns true again
   * without a read of the slow monotonic clock. Milliseconds since the epoch.
   */
  goodAt: number;
}

const ORIGINS: Readonly<Record<AuthenticatedReason, TokenSummary["origin"]>> = {
  login: "this-tab",
  refreshed: "this-tab",
  other_tab: "other-tab",
  stored: "stored",
  switched: "stored",
};

/** The session of a `CachedToken`. */
export interface TokenSession {
  readonly sessionId: string;
  /** How this tab got the session. */
  readonly reason: AuthenticatedReason;
  /** Whether a newer token can be requested without the user. */
  readonly isRenewable: boolean;
}

/** Makes a `CachedToken` from stored tokens. */
export function cacheToken(
  tokens: TokenSet,
  { sessionId, reason, isRenewable }: TokenSession,
  clock: Clock,
): CachedToken {
  const { accessToken, expiresAt, scope, generation = 0 } = tokens;
  const [now, monotonic] = [clock.now(), clock.monotonic()];
  const validMs = Math.max(0, remainingMs(tokens, now));
  const freshMs = isFromFuture(tokens, now) ? 0 : validMs - renewalWindow(validMs);
  return {
    promise: Promise.resolve(accessToken),
    sessionId,
    generation,
    reason,
    expiresAt,
    summary: {
      scope,
      expiresAt: Math.min(expiresAt, now + validMs),
      origin: tokens.origin === "worker" ? "worker" : ORIGINS[reason],
      isRenewable,
    },
    untilWall: now + freshMs,
    untilMonotonic: monotonic + freshMs,
    endMonotonic: monotonic + validMs,
    goodAt: Number.NaN,
  };
}

/** Returns true if `cached` is the stored token of `row` for the default target. */
export function isOf(row: SessionRow, cached: CachedToken | undefined): boolean {
  return (
    cached?.sessionId === row.sessionId &&
    cached.generation === row.access[DEFAULT_TARGET]?.generation
  );
}

/** Returns true if both the wall clock and the monotonic clock show that the token is not near its expiry. */
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

/**
 * If the wall clock was set back, moves the expiry in `cached` back by the same amount and returns true. Otherwise returns
 * false.
 */
export function followWall(cached: CachedToken, clock: Clock): boolean {
  const expiresAt = clock.now() + cached.endMonotonic - clock.monotonic();
  const stepMs = cached.summary.expiresAt - expiresAt;
  if (stepMs <= CLOCK_STEP_MS) return false;
  cached.untilWall -= stepMs;
  cached.summary = { ...cached.summary, expiresAt };
  return true;
}

/** Returns true if the token has expired by the wall clock or by the monotonic clock. */
export function isExpired({ summary, endMonotonic }: CachedToken, clock: Clock): boolean {
  return summary.expiresAt <= clock.now() || endMonotonic <= clock.monotonic();
}

/** Returns the condition of stored tokens. `cached`: the `CachedToken` of the same tokens, if there is one. */
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

/**
 * Returns the length of the last part of a token's lifetime. In this part, a newer token is requested in the background.
 * Milliseconds.
 */
export function renewalWindow(lifetimeMs: number): number {
  return Math.min(Math.max(30_000, lifetimeMs / 10), lifetimeMs / 3);
}

import type { AuthState, TokenSummary } from "../../core/auth.ts";
import { isAuthError } from "../../core/errors.ts";
import type { Clock } from "../../core/ports.ts";
import { CLOCK_STEP_MS, isFromFuture, remainingMs } from "../../core/token-lifetime.ts";
import type { TokenSet } from "../../core/token-set.ts";
import type { User } from "../../core/user.ts";

/** `fresh`: may be given. `expiring`: near its end. `expired`: by one of the two clocks. */
export type TokenCondition = "fresh" | "expiring" | "expired";

/** The token of the usual want, ready to be given away. */
export interface CachedToken {
  readonly promise: Promise<string>;
  readonly sessionId: string;
  readonly generation: number;
  summary: TokenSummary;
  /** As stored, which is what other tabs go by. Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Until when it is given without another thought; two clocks, because either may be wrong. */
  untilWall: number;
  readonly untilMonotonic: number;
  /** When it is dead by the monotonic clock, whatever the wall says. */
  readonly endMonotonic: number;
  /** The wall's millisecond in which both clocks last said so: reading the monotonic one costs five times as much. */
  goodAt: number;
}

/** `tokens`: of the session `sessionId`, as stored. */
export function cacheToken(
  tokens: TokenSet,
  sessionId: string,
  origin: TokenSummary["origin"],
  clock: Clock,
): CachedToken {
  const { accessToken, expiresAt, scope, generation = 0 } = tokens;
  const [now, monotonic] = [clock.now(), clock.monotonic()];
  const life = Math.max(0, remainingMs(tokens, now));
  const fresh = isFromFuture(tokens, now) ? 0 : life - renewalWindow(life);
  return {
    promise: Promise.resolve(accessToken),
    sessionId,
    generation: generation,
    expiresAt,
    summary: { scope, expiresAt: Math.min(expiresAt, now + life), origin },
    untilWall: now + fresh,
    untilMonotonic: monotonic + fresh,
    endMonotonic: monotonic + life,
    goodAt: Number.NaN,
  };
}

/** Not near its end, by either clock. */
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

/** True when the wall clock was set back since: then the end is an earlier one by this clock. */
export function followWall(cached: CachedToken, clock: Clock): boolean {
  const expiresAt = clock.now() + cached.endMonotonic - clock.monotonic();
  const stepMs = cached.summary.expiresAt - expiresAt;
  if (stepMs <= CLOCK_STEP_MS) return false;
  cached.untilWall -= stepMs;
  cached.summary = { ...cached.summary, expiresAt };
  return true;
}

/** Its life is over by one of the two clocks. */
export function isExpired({ summary, endMonotonic }: CachedToken, clock: Clock): boolean {
  return summary.expiresAt <= clock.now() || endMonotonic <= clock.monotonic();
}

/** `cached`: these tokens, if they are at hand. */
export function conditionOf(
  tokens: TokenSet,
  cached: CachedToken | undefined,
  clock: Clock,
): TokenCondition {
  const now = clock.now();
  const left = remainingMs(tokens, now);
  if (left <= 0 || (cached && cached.endMonotonic <= clock.monotonic())) return "expired";
  const isGood = cached
    ? isFresh(cached, clock)
    : left > renewalWindow(tokens.lifetimeMs ?? 0) && !isFromFuture(tokens, now);
  return isGood ? "fresh" : "expiring";
}

/** The last part of a token's life, in which it is still good and a newer one is fetched behind it. Milliseconds. */
export function renewalWindow(life: number): number {
  return Math.min(Math.max(30_000, life / 10), life / 3);
}

/** Of a session that did not end, or of nobody. `error`: why there is nobody. */
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

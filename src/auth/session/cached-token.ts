import type { TokenSummary } from "../../core/auth.ts";
import type { Clock } from "../../core/ports.ts";
import { CLOCK_STEP_MS, isFromFuture, remainingMs } from "../../core/token-lifetime.ts";
import type { TokenSet } from "../../core/token-set.ts";

/** `good` to be given, `aging` near its end, or `dead` by one of the two clocks. */
export type TokenCondition = "good" | "aging" | "dead";

/** The token of the usual want, ready to be given away. */
export interface HeldToken {
  readonly promise: Promise<string>;
  readonly sid: string;
  readonly gen: number;
  summary: TokenSummary;
  /** As stored, which is what other tabs go by. Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Until when it is given without another thought; two clocks, because either may be wrong. */
  untilWall: number;
  readonly untilMono: number;
  /** When it is dead by the monotonic clock, whatever the wall says. */
  readonly endMono: number;
  /** The wall's millisecond in which both clocks last said so: reading the monotonic one costs five times as much. */
  goodAt: number;
}

/** `tokens`: of the session `sid`, as stored. */
export function holdToken(
  tokens: TokenSet,
  sid: string,
  origin: TokenSummary["origin"],
  clock: Clock,
): HeldToken {
  const { accessToken, expiresAt, scope, generation = 0 } = tokens;
  const [now, mono] = [clock.now(), clock.mono()];
  const life = Math.max(0, remainingMs(tokens, now));
  const carefree = isFromFuture(tokens, now) ? 0 : life - renewalWindow(life);
  return {
    promise: Promise.resolve(accessToken),
    sid,
    gen: generation,
    expiresAt,
    summary: { scope, expiresAt: Math.min(expiresAt, now + life), origin },
    untilWall: now + carefree,
    untilMono: mono + carefree,
    endMono: mono + life,
    goodAt: Number.NaN,
  };
}

/** Not near its end, by either clock. */
export function isCarefree(held: HeldToken, clock: Clock): boolean {
  const now = clock.now();
  if (now !== held.goodAt) {
    const wallLeft = held.untilWall - now;
    const monoLeft = held.untilMono - clock.mono();
    if (wallLeft <= 0 || monoLeft <= 0 || wallLeft > monoLeft + CLOCK_STEP_MS) return false;
    held.goodAt = now;
  }
  return true;
}

/** True when the wall clock was set back since: then the end is an earlier one by this clock. */
export function followWall(held: HeldToken, clock: Clock): boolean {
  const expiresAt = clock.now() + held.endMono - clock.mono();
  const stepMs = held.summary.expiresAt - expiresAt;
  if (stepMs <= CLOCK_STEP_MS) return false;
  held.untilWall -= stepMs;
  held.summary = { ...held.summary, expiresAt };
  return true;
}

/** Its life is over by one of the two clocks. */
export function isDead({ summary, endMono }: HeldToken, clock: Clock): boolean {
  return summary.expiresAt <= clock.now() || endMono <= clock.mono();
}

/** `held`: these tokens, if they are at hand. */
export function conditionOf(
  tokens: TokenSet,
  held: HeldToken | undefined,
  clock: Clock,
): TokenCondition {
  const now = clock.now();
  const left = remainingMs(tokens, now);
  if (left <= 0 || (held && held.endMono <= clock.mono())) return "dead";
  const isGood = held
    ? isCarefree(held, clock)
    : left > renewalWindow(tokens.lifetimeMs ?? 0) && !isFromFuture(tokens, now);
  return isGood ? "good" : "aging";
}

/** The last part of a token's life, in which it is still good and a newer one is fetched behind it. Milliseconds. */
export function renewalWindow(life: number): number {
  return Math.min(Math.max(30_000, life / 10), life / 3);
}

import type { TokenSummary } from "../core/auth.ts";
import type { Clock } from "../core/ports.ts";
import type { AccessEntry } from "../core/session.ts";
import type { TokenSet } from "../core/token-set.ts";

/** `good` to be given, `aging` near its end, or `dead` by one of the two clocks. */
export type TokenCondition = "good" | "aging" | "dead";

/** The token of the usual want, ready to be given away. */
export interface HeldToken {
  readonly promise: Promise<string>;
  readonly sid: string;
  readonly gen: number;
  readonly summary: TokenSummary;
  /** Until when it is given without another thought; two clocks, because either may be wrong. */
  readonly untilWall: number;
  readonly untilMono: number;
  /** When it is dead by the monotonic clock, whatever the wall says. */
  readonly endMono: number;
  /** The wall's millisecond in which both clocks last said so: reading the monotonic one costs five times as much. */
  goodAt: number;
}

/** `tokens`: of the session `sid`, as stored. */
export function holdToken(
  { accessToken, expiresAt, scope, generation = 0 }: TokenSet,
  sid: string,
  origin: TokenSummary["origin"],
  clock: Clock,
): HeldToken {
  const [now, mono] = [clock.now(), clock.mono()];
  const life = Math.max(0, expiresAt - now);
  const carefree = life - renewalWindow(life);
  return {
    promise: Promise.resolve(accessToken),
    sid,
    gen: generation,
    summary: { scope, expiresAt, origin },
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
    if (now >= held.untilWall || clock.mono() >= held.untilMono) return false;
    held.goodAt = now;
  }
  return true;
}

/** Its life is over by one of the two clocks. */
export function isDead({ summary, endMono }: HeldToken, clock: Clock): boolean {
  return summary.expiresAt <= clock.now() || endMono <= clock.mono();
}

/** `held`: these tokens, if they are at hand. */
export function conditionOf(
  { expiresAt }: TokenSet,
  entry: AccessEntry | undefined,
  held: HeldToken | undefined,
  clock: Clock,
): TokenCondition {
  const left = expiresAt - clock.now();
  if (left <= 0 || (held && held.endMono <= clock.mono())) return "dead";
  const isGood = held ? isCarefree(held, clock) : left > renewalWindow(entry?.lifeMs ?? 0);
  return isGood ? "good" : "aging";
}

/** The last part of a token's life, in which it is still good and a newer one is fetched behind it. Milliseconds. */
export function renewalWindow(life: number): number {
  return Math.min(Math.max(30_000, life / 10), life / 3);
}

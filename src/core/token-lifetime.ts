/** A wall clock that was set back by less counts as unchanged. Milliseconds. */
export const CLOCK_STEP_MS = 1_000;

/** The expiry of a token and, where it is known, its lifetime on arrival. */
export interface Lifetime {
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Milliseconds. */
  readonly lifetimeMs?: number | undefined;
}

/** Returns the remaining lifetime, at most the whole one, because the wall clock may have been set back. Milliseconds. */
export function remainingMs({ expiresAt, lifetimeMs = Infinity }: Lifetime, now: number): number {
  return Math.min(expiresAt - now, lifetimeMs);
}

/** Whether a token should be replaced: it expires within `leadMs`, or within a third of its lifetime if that is shorter. */
export function isExpiring(token: Lifetime, now: number, leadMs: number): boolean {
  const { lifetimeMs = Infinity } = token;
  return remainingMs(token, now) <= Math.min(leadMs, lifetimeMs / 3) || isFromFuture(token, now);
}

/** Whether the token seems to have arrived in the future: the wall clock was set back, and the token's age is unknown. */
export function isFromFuture(token: Lifetime, now: number): boolean {
  return token.expiresAt - now > remainingMs(token, now) + CLOCK_STEP_MS;
}

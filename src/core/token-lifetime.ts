/** If the wall clock was set back by less than this, it counts as unchanged. Milliseconds. */
export const CLOCK_STEP_MS = 1_000;

/** The time at which a token expires. `lifetimeMs` is absent if it is unknown. */
export interface Lifetime {
  /** When the token expires. Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The token was valid for this long when it arrived. Milliseconds. */
  readonly lifetimeMs?: number | undefined;
}

/**
 * Returns the remaining lifetime of the token. Milliseconds. The result is at most `lifetimeMs`, even if the wall clock was set
 * back.
 */
export function remainingMs({ expiresAt, lifetimeMs = Infinity }: Lifetime, now: number): number {
  return Math.min(expiresAt - now, lifetimeMs);
}

/**
 * Whether it is time to replace a token. This is true if the token expires within `leadMs` or within a third of its lifetime,
 * whichever is shorter. It is also true if the wall clock was set back, because the age of the token is then unknown.
 */
export function isExpiring(token: Lifetime, now: number, leadMs: number): boolean {
  const { lifetimeMs = Infinity } = token;
  return remainingMs(token, now) <= Math.min(leadMs, lifetimeMs / 3) || isFromFuture(token, now);
}

/**
 * Whether the token seems to have arrived in the future. If so, the wall clock was set back, and the token's age is unknown.
 */
export function isFromFuture(token: Lifetime, now: number): boolean {
  return token.expiresAt - now > remainingMs(token, now) + CLOCK_STEP_MS;
}

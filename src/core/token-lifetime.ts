/** The smallest change of the wall clock that counts. A clock that was set back by less counts as unchanged. Milliseconds. */
export const CLOCK_STEP_MS = 1_000;

/** The expiry of a token and, where it is known, its lifetime on arrival. */
export interface Lifetime {
  /** When the token expires. Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** How long the token was valid when it arrived. Milliseconds. */
  readonly lifetimeMs?: number | undefined;
}

/**
 * Returns how long the token is still valid. Milliseconds. The result is at most `lifetimeMs`, even if the wall clock was set
 * back.
 */
export function remainingMs({ expiresAt, lifetimeMs = Infinity }: Lifetime, now: number): number {
  return Math.min(expiresAt - now, lifetimeMs);
}

/**
 * Whether a token should be replaced, because it expires within `leadMs` or within a third of its lifetime, whichever is
 * shorter. Also true if the token's age is unknown, see `isFromFuture()`.
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

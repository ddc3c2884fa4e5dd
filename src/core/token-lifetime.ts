/** If the wall clock is set back by this time or less, Latchkey ignores the difference. Milliseconds. */
export const CLOCK_STEP_MS = 1_000;

/** The `expiresAt` of a token that never expires: the latest time that a `Date` can hold. Milliseconds since the epoch. */
export const LATEST_MS = 8.64e15;

/** The expiry and the lifetime of a token. If the lifetime is unknown, `lifetimeMs` is absent. */
export interface Lifetime {
  /** When the token expires. Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The lifetime that remained when the token arrived. Milliseconds. */
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
 * Whether the token should be replaced now. There are two cases:
 * - The remaining lifetime is at most `leadMs` and at most a third of `lifetimeMs`.
 * - The wall clock was set back, so the age of the token is unknown.
 */
export function isExpiring(token: Lifetime, now: number, leadMs: number): boolean {
  const { lifetimeMs = Infinity } = token;
  return remainingMs(token, now) <= Math.min(leadMs, lifetimeMs / 3) || isFromFuture(token, now);
}

/**
 * Whether the token seems to have arrived after `now`. The wall clock was then set back, and the age of the token is unknown.
 */
export function isFromFuture(token: Lifetime, now: number): boolean {
  return token.expiresAt - now > remainingMs(token, now) + CLOCK_STEP_MS;
}

/** A smaller step back of the wall clock says nothing about a token. Milliseconds. */
export const CLOCK_STEP_MS = 1_000;

/** A token's end, in milliseconds since the epoch, and how long it lived when it came, where that is known. */
export interface Lifetime {
  readonly expiresAt: number;
  readonly lifetimeMs?: number | undefined;
}

/** What is left of a token: never more than it ever lived, because the wall clock may have been set back. Milliseconds. */
export function remainingMs({ expiresAt, lifetimeMs = Infinity }: Lifetime, now: number): number {
  return Math.min(expiresAt - now, lifetimeMs);
}

/** The token came later than now: the wall clock was set back, and nobody knows how old the token is. */
export function isFromFuture(token: Lifetime, now: number): boolean {
  return token.expiresAt - now > remainingMs(token, now) + CLOCK_STEP_MS;
}

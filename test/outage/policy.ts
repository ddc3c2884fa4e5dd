import { storedTokens, type SessionRow, type TokenRecord } from "../../src/core/session.ts";
import { DEFAULT_TARGET } from "../../src/core/token-target.ts";
import { cacheToken } from "../../src/auth/session/cached-token.ts";
import { afterRetryAfter, backOff } from "../../src/refresh/pause.ts";
import type { Run } from "../../src/refresh/run.ts";
import { REFRESH_TIMING } from "../../src/refresh/timing.ts";

/** The row of a session whose access token was issued at time 0 and is valid for `lifetimeMs`. */
export function rowOf(lifetimeMs: number): SessionRow {
  return {
    version: 2,
    sessionId: "sessionId",
    generation: 1,
    sequence: 1,
    committedSequence: 1,
    attempt: null,
    end: null,
    lifetime: "remembered",
    renewable: true,
    access: { [DEFAULT_TARGET]: { generation: 1, expiresAt: lifetimeMs, scope: [], lifetimeMs } },
    tokens: {
      refreshToken: "refresh token",
      idTokenVerified: true,
      user: { sub: "sub", claims: { sub: "sub" } },
      access: { [DEFAULT_TARGET]: { token: "access token", tokenType: "Bearer" } },
    } satisfies TokenRecord,
  };
}

/** Time from the issue of a token until the first call that refreshes it. Milliseconds. */
export function freshMs(lifetimeMs: number): number {
  const row = rowOf(lifetimeMs);
  const clockAtIssue = { now: () => 0, monotonic: () => 0, sleep: () => Promise.resolve() };
  const tokens = storedTokens(row, row.tokens as TokenRecord, DEFAULT_TARGET)!;
  const session = { sessionId: row.sessionId, reason: "login", isRenewable: true } as const;
  return cacheToken(tokens, session, clockAtIssue).untilMonotonic;
}

/** The pauses of a tab whose callers always wait for a token. Milliseconds. */
export interface Pauses {
  /** The pause after the send with this index. The first send has index 0. */
  backOff(sends: number): number;
  retryAfter(ms: number): number;
}

/** Returns the pauses of the coordinator in a visible or hidden tab. */
export function pausesOf(isVisible: boolean, lifetimeMs: number, fraction: () => number): Pauses {
  const row = rowOf(lifetimeMs);
  // The members that the two functions read.
  const run = {
    timing: REFRESH_TIMING,
    need: { target: DEFAULT_TARGET },
    isAwaited: () => true,
    ports: { page: { visible: () => isVisible }, random: { fraction } },
  } as unknown as Run;
  return {
    backOff: (sends) => backOff(run, row, sends),
    retryAfter: (ms) => afterRetryAfter(run, row, ms),
  };
}

import { storedTokens, type SessionRow, type TokenRecord } from "../../src/core/session.ts";
import { DEFAULT_TARGET } from "../../src/core/token-target.ts";
import { cacheToken } from "../../src/auth/session/cached-token.ts";
import { afterRetryAfter, backOff } from "../../src/refresh/pause.ts";
import type { Run } from "../../src/refresh/run.ts";
import { REFRESH_TIMING } from "../../src/refresh/timing.ts";

/** Of a session whose access tokens live so long, born at zero. */
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

/** From the birth of a token until the first call that renews it. Milliseconds. */
export function freshMs(lifetimeMs: number): number {
  const row = rowOf(lifetimeMs);
  const atBirth = { now: () => 0, monotonic: () => 0, sleep: () => Promise.resolve() };
  const tokens = storedTokens(row, row.tokens as TokenRecord, DEFAULT_TARGET)!;
  return cacheToken(tokens, row.sessionId, "this-tab", atBirth).untilMonotonic;
}

/** The pauses of a tab that is asked for a token all the time. Milliseconds. */
export interface Pauses {
  /** After the send number `sends`. */
  backOff(sends: number): number;
  retryAfter(ms: number): number;
}

export function pausesOf(isVisible: boolean, lifetimeMs: number, fraction: () => number): Pauses {
  const row = rowOf(lifetimeMs);
  // All that it looks at.
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

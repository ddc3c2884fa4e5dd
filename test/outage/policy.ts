import { storedTokens, type SessionRow, type TokenRecord } from "../../src/core/session.ts";
import { USUAL_WANT } from "../../src/core/want.ts";
import { holdToken } from "../../src/auth/session/cached-token.ts";
import { afterRetryAfter, backOff } from "../../src/refresh/back-off.ts";
import type { Run } from "../../src/refresh/run.ts";
import { REFRESH_TIMING } from "../../src/refresh/timing.ts";

/** Of a session whose access tokens live so long, born at zero. */
export function rowOf(lifeMs: number): SessionRow {
  return {
    v: 1,
    sid: "sid",
    gen: 1,
    seq: 1,
    cseq: 1,
    att: null,
    end: null,
    keep: "device",
    renewable: true,
    access: { [USUAL_WANT]: { gen: 1, expiresAt: lifeMs, scope: [], lifeMs } },
    tokens: {
      refreshToken: "refresh token",
      idTokenVerified: true,
      user: { sub: "sub", claims: { sub: "sub" } },
      access: { [USUAL_WANT]: { token: "access token", tokenType: "Bearer" } },
    } satisfies TokenRecord,
  };
}

/** From the birth of a token until the first call that renews it. Milliseconds. */
export function carefreeMs(lifeMs: number): number {
  const row = rowOf(lifeMs);
  const atBirth = { now: () => 0, mono: () => 0, sleep: () => Promise.resolve() };
  const tokens = storedTokens(row, row.tokens as TokenRecord, USUAL_WANT)!;
  return holdToken(tokens, row.sid, "this-tab", atBirth).untilMono;
}

/** The pauses of a tab that is asked for a token all the time. Milliseconds. */
export interface Pauses {
  /** After the send number `tries`. */
  backOff(tries: number): number;
  retryAfter(ms: number): number;
}

export function pausesOf(isVisible: boolean, lifeMs: number, fraction: () => number): Pauses {
  const row = rowOf(lifeMs);
  // All that it looks at.
  const run = {
    timing: REFRESH_TIMING,
    need: { want: USUAL_WANT },
    isAwaited: () => true,
    ports: { page: { visible: () => isVisible }, random: { fraction } },
  } as unknown as Run;
  return {
    backOff: (tries) => backOff(run, row, tries),
    retryAfter: (ms) => afterRetryAfter(run, row, ms),
  };
}

import { expect, test } from "vitest";
import { cacheToken } from "../../../src/auth/session/cached-token.ts";
import { tokenSet } from "../../../src/core/token-set.ts";
import { testClock } from "../../refresh/tabs.ts";

const MINUTE = 60_000;

test.for([
  ["a minute", MINUTE, 20_000],
  ["two minutes", 2 * MINUTE, 30_000],
  ["five minutes", 5 * MINUTE, 30_000],
  ["an hour", 60 * MINUTE, 6 * MINUTE],
] as const)(
  "a token with a lifetime of %s is refreshed in the background near its end",
  ([, lifetime, window]) => {
    const clock = { ...testClock, now: () => 1_000_000, monotonic: () => 5_000 };
    const tokens = tokenSet({
      accessToken: "at",
      tokenType: "Bearer",
      expiresAt: 1_000_000 + lifetime,
      scope: [],
      generation: 1,
    });
    const cached = cacheToken(
      tokens,
      { sessionId: "sessionId", reason: "stored", isRenewable: true },
      clock,
    );
    expect(cached.untilWall).toBe(1_000_000 + lifetime - window);
    expect(cached.untilMonotonic).toBe(5_000 + lifetime - window);
    expect(cached.endMonotonic).toBe(5_000 + lifetime);
  },
);

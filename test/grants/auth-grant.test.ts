import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { AuthManager } from "../../src/auth/auth-manager.ts";
import { NetworkError } from "../../src/core/errors.ts";
import { wallClock } from "../../src/core/ports.ts";
import { AuthGrant } from "../../src/grants/auth-grant.ts";
import { TokenExchangeGrant } from "../../src/grants/token-exchange-grant.ts";
import { MemoryTabLock } from "../../src/memory/memory-tab-lock.ts";
import { MemoryTokenStorage } from "../../src/memory/memory-token-storage.ts";
import { TokenManager } from "../../src/service/token-manager.ts";
import { loginResponse, type World } from "../auth/fixture.ts";
import { two } from "../auth/two-users.ts";
import { KEY, responseOf, settle } from "../refresh/tabs.ts";

/** An `AuthGrant` of Ada, who is signed in. */

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

async function setUp(): Promise<{ my: World; auth: AuthManager; grant: AuthGrant }> {
  const my = await two();
  my.refreshes.push(responseOf(2));
  const auth = my.tab();
  auth.start();
  await settle();
  return { my, auth, grant: new AuthGrant(auth) };
}

describe("with cache reload", () => {
  test("returns a newer token than the given one, and sends nothing if there is one already", async () => {
    const { my, grant } = await setUp();
    const tokens = await grant.requestToken({});
    expect(tokens.accessToken).toBe("at-ada");
    const reload = { cache: "reload", tokens } as const;
    expect((await grant.requestToken(reload)).accessToken).toBe("at2");
    expect((await grant.requestToken(reload)).accessToken).toBe("at2");
    expect(my.sends).toBe(1);
  });

  test("returns the valid token when no token is given", async () => {
    const { my, grant } = await setUp();
    expect((await grant.requestToken({ cache: "reload" })).accessToken).toBe("at-ada");
    expect(my.sends).toBe(0);
  });

  test("gives a token manager a newer token", async () => {
    const { my, grant } = await setUp();
    const manager = new TokenManager({
      provider: grant,
      storage: new MemoryTokenStorage(),
      locks: new MemoryTabLock(),
      clock: wallClock,
    });
    expect(await manager.getToken()).toBe("at-ada");
    expect(await manager.forceRefresh()).toBe("at2");
    expect(await manager.getToken()).toBe("at2");
    expect(my.sends).toBe(1);
  });

  test("returns the stored token until it expires when the session has no refresh token", async () => {
    const { my, grant } = await setUp();
    await my.store.update(KEY, (row) => ({ ...row!, renewable: false }));
    const tokens = await grant.requestToken({});
    const reload = { cache: "reload", prompt: "none", tokens } as const;
    expect((await grant.requestToken(reload)).accessToken).toBe("at-ada");
    await vi.advanceTimersByTimeAsync(61_000);
    await expect(grant.requestToken(reload)).rejects.toMatchObject({
      code: "refresh_token",
      reason: "not_renewable",
    });
    expect(my.sends).toBe(0);
  });

  test("rejects with the error of the refresh when it fails, and the session is kept", async () => {
    const { my, auth, grant } = await setUp();
    my.refreshes.length = 0;
    my.prepare = () => Promise.reject(new NetworkError("offline"));
    const tokens = await grant.requestToken({});
    await expect(grant.requestToken({ cache: "reload", tokens })).rejects.toMatchObject({
      code: "network",
    });
    expect(await auth.getToken()).toBe("at-ada");
  });

  test("inside a token exchange keeps the user's token, and exchanges it again", async () => {
    const { my, grant } = await setUp();
    const issuedTokenType = "urn:ietf:params:oauth:token-type:access_token";
    const requestTokens = vi.fn(async () => loginResponse({ accessToken: "x", issuedTokenType }));
    const exchange = new TokenExchangeGrant(grant, { requestTokens });
    await exchange.requestToken({});
    await exchange.requestToken({ cache: "reload" });
    expect(requestTokens).toHaveBeenCalledTimes(2);
    expect(my.sends).toBe(0);
  });
});

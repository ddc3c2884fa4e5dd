import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { SessionRow, TokenRecord } from "../../src/core/session.ts";
import { tokenSet } from "../../src/core/token-set.ts";
import { remainingMs } from "../../src/core/token-lifetime.ts";
import { targetKey } from "../../src/core/token-target.ts";
import { CachedGrant } from "../../src/grants/cached-grant.ts";
import { TokenManager } from "../../src/service/token-manager.ts";
import { MemoryTabLock } from "../../src/memory/memory-tab-lock.ts";
import { deviceWorld, INTERVAL_MS, LIFETIME_MS } from "../grants/device.ts";
import { mapStorage, scriptedGrant } from "../grants/support.ts";
import { responseOf, expiredRow, settle, testClock, DEFAULT_KEY } from "../refresh/tabs.ts";
import { remember, world, type World } from "../auth/fixture.ts";

/** The wall clock was ahead when a token arrived, and was corrected afterwards. */

const HOUR = 3_600_000;
const MINUTE = 60_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A world whose wall clock can be set. */
function setUp(): World & { set(ms: number): void } {
  let ahead = HOUR;
  const my = world({ ...testClock, now: () => Date.now() + ahead });
  return Object.assign(my, { set: (ms: number) => (ahead = ms) });
}

/** Stored while the clock was an hour ahead. Its token has a lifetime of a minute. */
function rowFromAhead(): SessionRow {
  const row = expiredRow();
  const expiresAt = Date.now() + HOUR + MINUTE;
  return {
    ...row,
    access: { [DEFAULT_KEY]: { generation: 1, expiresAt, scope: ["openid"], lifetimeMs: MINUTE } },
  };
}

const remainingOf = (state: unknown, now: number) =>
  (state as { token: { expiresAt: number } }).token.expiresAt - now;

describe("B12: a token that arrived before the clock was set back", () => {
  test("B12: is given by a new page with its lifetime at most, and refreshed in the background", async () => {
    const my = setUp();
    await remember(my, rowFromAhead());
    my.set(0);
    my.refreshes.push(responseOf(2, { expiresAt: Date.now() + MINUTE }));
    const auth = my.tab();
    auth.start();
    expect(await auth.getToken()).toBe("at1");
    expect(remainingOf(auth.state, Date.now())).toBeLessThanOrEqual(MINUTE);
    await settle();
    expect(await auth.getToken()).toBe("at2");
    expect(my.sends).toBe(1);
    expect(remainingOf(auth.state, Date.now())).toBe(MINUTE);
  });

  test("B12: is given by an open page with its remaining lifetime, and refreshed after that", async () => {
    const my = setUp();
    await remember(my, rowFromAhead());
    const auth = my.tab();
    auth.start();
    expect(await auth.getToken()).toBe("at1");
    await vi.advanceTimersByTimeAsync(10_000);
    my.set(0);
    expect(await auth.getToken()).toBe("at1");
    expect(remainingOf(auth.state, Date.now())).toBe(MINUTE - 10_000);
    expect(my.sends).toBe(0);
    await vi.advanceTimersByTimeAsync(MINUTE);
    my.refreshes.push(responseOf(2, { expiresAt: Date.now() + MINUTE }));
    expect(await auth.getToken()).toBe("at2");
    expect(my.sends).toBe(1);
  });

  test("B12: is published with its own lifetime when the page resumes, too", async () => {
    const my = setUp();
    await remember(my, rowFromAhead());
    const auth = my.tab();
    auth.start();
    await auth.getToken();
    my.set(0);
    my.page.wake();
    await settle();
    expect(remainingOf(auth.state, Date.now())).toBe(MINUTE);
  });

  test("B12: is given until its lifetime has passed when it cannot be refreshed", async () => {
    const my = setUp();
    await remember(my, { ...rowFromAhead(), renewable: false });
    my.set(0);
    const auth = my.tab();
    auth.start();
    expect(await auth.getToken({ prompt: "none" })).toBe("at1");
    expect(my.sends).toBe(0);
    await vi.advanceTimersByTimeAsync(MINUTE);
    await expect(auth.getToken({ prompt: "none" })).rejects.toMatchObject({
      reason: "not_renewable",
    });
  });

  test("B12: is given and refreshed in the background when it is for another resource", async () => {
    const resource = "https://api.example";
    const key = targetKey({ resource });
    const my = setUp();
    const row = rowFromAhead();
    row.access[key] = row.access[DEFAULT_KEY]!;
    Object.assign((row.tokens as TokenRecord).access, { [key]: { token: "api1", tokenType: "x" } });
    await remember(my, row);
    my.set(0);
    my.refreshes.push(responseOf(2, { accessToken: "api2" }));
    const auth = my.tab();
    auth.start();
    await auth.getUser();
    expect(await auth.getToken({ resource })).toBe("api1");
    await settle();
    expect(await auth.getToken({ resource })).toBe("api2");
  });

  test("B12: stays expired when it was expired on arrival", async () => {
    const my = setUp();
    const row = rowFromAhead();
    row.access[DEFAULT_KEY] = { ...row.access[DEFAULT_KEY]!, lifetimeMs: 0 };
    await remember(my, row);
    my.set(0);
    my.refreshes.push(responseOf(2));
    const auth = my.tab();
    auth.start();
    expect(await auth.getToken()).toBe("at2");
  });

  test("B12: is not refreshed after a small step of the clock", async () => {
    const my = setUp();
    await remember(my, rowFromAhead());
    my.set(HOUR - 900);
    const auth = my.tab();
    auth.start();
    expect(await auth.getToken()).toBe("at1");
    expect(await auth.getToken()).toBe("at1");
    expect(my.sends).toBe(0);
    expect(remainingOf(auth.state, Date.now() + HOUR - 900)).toBeLessThanOrEqual(MINUTE);
  });
});

test("B12: remainingMs() is never more than a known lifetime", () => {
  expect(remainingMs({ expiresAt: 100, lifetimeMs: 60 }, 50)).toBe(50);
  expect(remainingMs({ expiresAt: 100, lifetimeMs: 60 }, 0)).toBe(60);
  expect(remainingMs({ expiresAt: 100 }, 0)).toBe(100);
  expect(remainingMs({ expiresAt: 100, lifetimeMs: 60 }, 150)).toBe(-50);
});

describe("B12: a service token that arrived before the clock was set back", () => {
  function service(refuses = false) {
    let now = HOUR;
    const inner = scriptedGrant((_, nth) => {
      if (refuses && nth > 1) throw new Error("away");
      return tokenSet({
        accessToken: `at${nth}`,
        tokenType: "Bearer",
        expiresAt: now + MINUTE,
        scope: [],
        refreshToken: `rt${nth}`,
      });
    });
    const storage = mapStorage();
    const clock = { now: () => now };
    return { inner, storage, clock, locks: new MemoryTabLock(), set: (ms: number) => (now = ms) };
  }

  test("B12: is replaced by the manager, and given when the provider fails", async () => {
    const { inner, set, ...parts } = service();
    const manager = new TokenManager({ provider: inner, ...parts });
    expect(await manager.getToken()).toBe("at1");
    set(0);
    expect(await manager.getToken()).toBe("at2");
    expect(await manager.getToken()).toBe("at2");
    const away = service(true);
    const { getToken } = new TokenManager({ provider: away.inner, ...away });
    await getToken();
    away.set(0);
    expect(await getToken()).toBe("at1");
  });

  test("B12: is replaced in a cache, which keeps its refresh token", async () => {
    const { inner, set, ...parts } = service();
    const grant = new CachedGrant(inner, { key: "cache", ...parts });
    expect((await grant.requestToken({})).accessToken).toBe("at1");
    set(0);
    expect((await grant.requestToken({})).accessToken).toBe("at2");
    expect(inner.asked[1]!.tokens).toMatchObject({ refreshToken: "rt1" });
  });
});

test("B12: a device code that another page got before the clock was set back expires after its lifetime", async () => {
  const my = deviceWorld();
  const first = new AbortController();
  my.tab()
    .grant.requestToken({ signal: first.signal })
    .catch(() => {});
  await vi.advanceTimersByTimeAsync(INTERVAL_MS);
  // Stores the code again, as if the page had been closed.
  const code = (await my.requests.get((await my.requests.getAllKeys())[0]!))!;
  first.abort();
  await settle();
  await my.requests.set("issuer,client/" + targetKey({}), code);
  vi.setSystemTime(Date.now() - HOUR);
  const { grant, shown } = my.tab();
  const login = grant.requestToken({}).catch((error: unknown) => error);
  await settle();
  expect(shown[0]!.userCode).toBe("CODE-1");
  expect(shown[0]!.expiresAt - Date.now()).toBeLessThanOrEqual(LIFETIME_MS);
  await vi.advanceTimersByTimeAsync(LIFETIME_MS);
  expect(await login).toMatchObject({ code: "device_code" });
});

import { describe, expect, test } from "vitest";
import { RefreshTokenError } from "../../src/core/errors.ts";
import type { TokenRequest } from "../../src/core/grant.ts";
import { wallClock } from "../../src/core/ports.ts";
import type { TokenStorage } from "../../src/core/token-storage.ts";
import { targetKey } from "../../src/core/token-target.ts";
import { tokenSet, type TokenSet } from "../../src/core/token-set.ts";
import { UserKeys } from "../../src/core/user-keys.ts";
import { MemoryTabLock } from "../../src/memory/memory-tab-lock.ts";
import { MemoryTokenStorage } from "../../src/memory/memory-token-storage.ts";
import { TokenManager } from "../../src/service/token-manager.ts";

const HOUR = 3_600_000;
const KEY = `auth_token::${targetKey({})}`;

const tokensOf = (accessToken: string, more: Partial<TokenSet> = {}) =>
  tokenSet({
    accessToken,
    tokenType: "Bearer",
    expiresAt: Date.now() + HOUR,
    scope: [],
    ...more,
  });

/** A storage in memory that has `replace()`. */
function replacingStorage() {
  const storage = new MemoryTokenStorage();
  const replace: NonNullable<TokenStorage["replace"]> = async (key, value, ttlMs, mayReplace) => {
    if (!mayReplace(await storage.get(key))) return false;
    await (value === undefined ? storage.delete(key) : storage.set(key, value, ttlMs));
    return true;
  };
  return Object.assign(storage, { replace });
}

/**
 * Two processes that share a storage but no lock, as a process that has lost its lock and the next holder do. The request of the
 * first process ends when the test calls `answer()` or `refuse()`.
 */
function twoProcesses() {
  const storage = replacingStorage();
  const requests: TokenRequest[] = [];
  let settle: { resolve: (tokens: TokenSet) => void; reject: (error: Error) => void };
  const pending = new Promise<TokenSet>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const process = (requestToken: (request: TokenRequest) => Promise<TokenSet>) =>
    new TokenManager({
      provider: { requestToken },
      storage,
      locks: new MemoryTabLock(),
      clock: wallClock,
    });
  return {
    storage,
    requests,
    answer: (tokens: TokenSet) => settle.resolve(tokens),
    refuse: (error: Error) => settle.reject(error),
    late: process((request) => {
      requests.push(request);
      return pending;
    }),
    next: process(async () => tokensOf("newer", { refreshToken: "newer-refresh" })),
    stored: async () => (await storage.get(KEY)) as Record<string, unknown> | undefined,
    /** Waits until the first process has sent its request. */
    sent: async () => {
      while (requests.length === 0) await new Promise((resolve) => setTimeout(resolve));
    },
  };
}

describe("a process that has lost its lock", () => {
  test("replaces no newer tokens, and its callers get the newer token", async () => {
    const { late, next, answer, sent, stored } = twoProcesses();
    const call = late.getToken();
    await sent();
    expect(await next.getToken()).toBe("newer");
    answer(tokensOf("older", { refreshToken: "older-refresh" }));
    expect(await call).toBe("newer");
    expect(await stored()).toMatchObject({
      accessToken: "newer",
      refreshToken: "newer-refresh",
    });
    expect(await late.getToken()).toBe("newer");
  });

  test("stores its tokens if no other tokens are stored", async () => {
    const { late, answer, sent, stored, storage } = twoProcesses();
    await storage.set(KEY, { ...tokensOf("expired"), lifetimeMs: HOUR, expiresAt: 1 });
    const call = late.getToken();
    await sent();
    await storage.clear(); // Redis has deleted the expired token
    answer(tokensOf("mine"));
    expect(await call).toBe("mine");
    expect(await stored()).toMatchObject({ accessToken: "mine" });
  });

  test("deletes no newer tokens when the server refuses the replaced refresh token", async () => {
    const { late, next, refuse, requests, sent, stored, storage } = twoProcesses();
    const old = tokensOf("old", { refreshToken: "old-refresh" });
    await storage.set(KEY, { ...old, lifetimeMs: HOUR, expiresAt: 1 });
    const call = late.getToken();
    await sent();
    expect(await next.getToken()).toBe("newer");
    await requests[0]!.onRefreshTokenRejected!();
    await requests[0]!.onRefused!({ meaning: "user needed", count: 1, firstAt: 1, lastAt: 1 });
    refuse(new RefreshTokenError("session_ended"));
    expect(await call).toBe("newer");
    expect(await stored()).toMatchObject({
      accessToken: "newer",
      refreshToken: "newer-refresh",
    });
  });

  test("rejects when its session has ended and no other tokens are stored", async () => {
    const { late, refuse, sent, stored, storage } = twoProcesses();
    const old = tokensOf("old", { refreshToken: "old-refresh" });
    await storage.set(KEY, { ...old, lifetimeMs: HOUR, expiresAt: 1 });
    const call = late.getToken();
    await sent();
    refuse(new RefreshTokenError("session_ended"));
    await expect(call).rejects.toMatchObject({ code: "refresh_token" });
    expect(await stored()).toBeUndefined();
  });

  test("forceRefresh() returns the newer token of another process", async () => {
    const { late, next, refuse, sent, storage } = twoProcesses();
    const old = tokensOf("old", { refreshToken: "old-refresh" });
    await storage.set(KEY, { ...old, lifetimeMs: HOUR });
    const call = late.forceRefresh();
    await sent();
    expect(await next.forceRefresh()).toBe("newer");
    refuse(new RefreshTokenError("session_ended"));
    expect(await call).toBe("newer");
  });

  test("stores its new refresh token, also if another process has called invalidateToken() meanwhile", async () => {
    const { late, next, answer, sent, stored, storage } = twoProcesses();
    const old = tokensOf("old", { refreshToken: "old-refresh" });
    await storage.set(KEY, { ...old, lifetimeMs: HOUR });
    const call = late.forceRefresh();
    await sent();
    await next.invalidateToken();
    expect(await stored()).toMatchObject({ accessToken: "", refreshToken: "old-refresh" });
    answer(tokensOf("mine", { refreshToken: "new-refresh" }));
    expect(await call).toBe("mine");
    expect(await stored()).toMatchObject({ accessToken: "mine", refreshToken: "new-refresh" });
  });

  test("does not replace tokens with another refresh token, also if their access token was deleted", async () => {
    const { late, next, answer, sent, stored, storage } = twoProcesses();
    const old = tokensOf("old", { refreshToken: "old-refresh" });
    await storage.set(KEY, { ...old, lifetimeMs: HOUR });
    const call = late.forceRefresh();
    await sent();
    await next.forceRefresh();
    await next.invalidateToken();
    answer(tokensOf("older", { refreshToken: "older-refresh" }));
    await call;
    expect(await stored()).toMatchObject({ accessToken: "", refreshToken: "newer-refresh" });
  });

  test("invalidateToken() does not bring an older refresh token back", async () => {
    const { late, next, stored, storage } = twoProcesses();
    const old = tokensOf("old", { refreshToken: "old-refresh" });
    await storage.set(KEY, { ...old, lifetimeMs: HOUR });
    const { replace } = storage;
    storage.replace = async (...args) => {
      storage.replace = replace;
      await next.forceRefresh();
      return replace(...args);
    };
    await late.invalidateToken();
    expect(await stored()).toMatchObject({
      accessToken: "newer",
      refreshToken: "newer-refresh",
    });
  });
});

test("a refused refresh stores no tokens that were deleted meanwhile", async () => {
  const { late, refuse, requests, sent, stored, storage } = twoProcesses();
  const old = tokensOf("old", { refreshToken: "old-refresh" });
  await storage.set(KEY, { ...old, lifetimeMs: HOUR, expiresAt: 1 });
  const call = late.getToken();
  await sent();
  await storage.clear();
  await requests[0]!.onRefused!({ meaning: "user needed", count: 1, firstAt: 1, lastAt: 1 });
  refuse(new RefreshTokenError("user_needed"));
  await expect(call).rejects.toMatchObject({ code: "refresh_token" });
  expect(await stored()).toBeUndefined();
});

test("invalidateToken() keeps the refresh token, also in a storage that has replace()", async () => {
  const { late, stored, storage } = twoProcesses();
  const old = tokensOf("old", { refreshToken: "old-refresh" });
  await storage.set(KEY, { ...old, lifetimeMs: HOUR });
  await late.invalidateToken();
  expect(await stored()).toMatchObject({ accessToken: "", refreshToken: "old-refresh" });
});

test("tokens that could not be stored are stored later, also in a storage that has replace()", async () => {
  const { next, stored, storage } = twoProcesses();
  await storage.set(KEY, { ...tokensOf("old"), lifetimeMs: HOUR, expiresAt: 1 });
  const { replace } = storage;
  storage.replace = () => Promise.reject(new Error("full"));
  expect(await next.getToken()).toBe("newer");
  expect(await stored()).toMatchObject({ accessToken: "old" });
  storage.replace = replace;
  expect(await next.getToken()).toBe("newer");
  expect(await stored()).toMatchObject({ accessToken: "newer" });
});

test("a write that failed is done later, also if another process has called invalidateToken() meanwhile", async () => {
  const { late, next, answer, requests, sent, stored, storage } = twoProcesses();
  const old = tokensOf("old", { refreshToken: "old-refresh" });
  await storage.set(KEY, { ...old, lifetimeMs: HOUR });
  const call = late.forceRefresh();
  await sent();
  const { replace } = storage;
  storage.replace = () => Promise.reject(new Error("full"));
  answer(tokensOf("mine", { refreshToken: "new-refresh" }));
  expect(await call).toBe("mine");
  storage.replace = replace;
  await next.invalidateToken();
  expect(await late.getToken()).toBe("mine");
  expect(requests).toHaveLength(1);
  expect(await stored()).toMatchObject({ accessToken: "mine", refreshToken: "new-refresh" });
});

test("invalidateToken() also deletes an access token that could not be stored", async () => {
  const { late, answer, requests, sent, stored, storage } = twoProcesses();
  const old = tokensOf("old", { refreshToken: "refresh" });
  await storage.set(KEY, { ...old, lifetimeMs: HOUR });
  const call = late.forceRefresh();
  await sent();
  const { replace } = storage;
  storage.replace = () => Promise.reject(new Error("full"));
  answer(tokensOf("mine", { refreshToken: "refresh" }));
  await call;
  // The storage still refuses each token, and accepts the record without one.
  storage.replace = async (key, value, ...rest) => {
    if ((value as { accessToken?: string } | undefined)?.accessToken) throw new Error("full");
    return replace(key, value, ...rest);
  };
  await late.invalidateToken();
  storage.replace = replace;
  expect(await stored()).toMatchObject({ accessToken: "", refreshToken: "refresh" });
  await late.getToken();
  expect(requests).toHaveLength(2);
});

test("a process that has lost its lock removes no key from the list of a user's keys", async () => {
  const storage = replacingStorage();
  const process = () => new UserKeys({ storage, name: "reports", locks: new MemoryTabLock() });
  const { replace } = storage;
  storage.replace = async (...args) => {
    storage.replace = replace;
    await process().add("ada", "newer");
    return replace(...args);
  };
  await process().add("ada", "mine");
  expect(await process().of("ada")).toEqual(["newer", "mine"]);
});

import { describe, expect, test, vi } from "vitest";
import { abortable } from "../../src/core/abortable.ts";
import { contentOf } from "../../src/core/content-of.ts";
import { isAuthError, NetworkError } from "../../src/core/errors.ts";
import { Flights } from "../../src/core/flights.ts";
import { decodeKey, encodeKey, sessionKey } from "../../src/core/keys.ts";
import { PromiseQueue } from "../../src/core/promise-queue.ts";
import { systemClock } from "../../src/browser/page/system-clock.ts";
import { PublishedState } from "../../src/core/published-state.ts";
import { MemoryTabLock } from "../../src/memory/memory-tab-lock.ts";
import { createLazyServer } from "../../src/compose/lazy-server.ts";
import { fakeFetch, json, testRequests } from "../oidc/support.ts";

const circular: Record<string, unknown> = {};
circular["self"] = circular;
const throwing = {
  toJSON() {
    throw new Error("no JSON");
  },
};

test.for<[string, object]>([
  ["a bigint", { balance: 10n }],
  ["a circular object", circular],
  ["a Map", { roles: new Map([["admin", 1n]]) }],
  ["a member that throws", throwing],
])("D6: a state whose claims have %s is published", ([, claims]) => {
  const state = new PublishedState({ now: () => 0 });
  const listener = vi.fn();
  state.subscribe(listener);
  const token = { scope: [], expiresAt: 0, origin: "stored", isRenewable: true } as const;
  const user = { sub: "ada", claims: { ...claims } };
  state.set({ status: "authenticated", reason: "login", freshness: "fresh", user, token });
  expect(state.get()).toMatchObject({ status: "authenticated", user: { sub: "ada" } });
  expect(listener).toHaveBeenCalledTimes(1);
  state.set({ status: "anonymous", reason: "logged_out" });
  expect(state.get().status).toBe("anonymous");
});

test("D6: contents with a bigint are compared", () => {
  expect(contentOf({ a: 1n })).toBe(contentOf({ a: 1n }));
  expect(contentOf({ a: 1n })).not.toBe(contentOf({ a: 2n }));
  expect(contentOf(circular)).not.toBe(contentOf(circular));
});

test("D6: a sub with a lone surrogate has its own key", () => {
  const subs = [
    "\ud800",
    "\udc00",
    "\ufffd",
    "a\ud83d",
    "a",
    "%",
    '%"',
    '"\ud800"',
    "\ud83d\ude00",
  ];
  const keys = subs.map((sub) => encodeKey(sub));
  expect(new Set(keys).size).toBe(subs.length);
  expect(keys.map((key) => decodeKey(key))).toEqual(subs);
  expect(sessionKey("c", "\ud800")).not.toContain("\ud800");
  expect(sessionKey("c", "a b")).toBe("session/c/a%20b");
});

describe("D6: 1,000 calls with one signal add one listener", () => {
  const watched = () => {
    const controller = new AbortController();
    const { signal } = controller;
    const add = vi.spyOn(signal, "addEventListener");
    const remove = vi.spyOn(signal, "removeEventListener");
    const calls = { most: 0, now: 0 };
    add.mockImplementation((...args) => {
      calls.most = Math.max(calls.most, ++calls.now);
      EventTarget.prototype.addEventListener.apply(signal, args);
    });
    remove.mockImplementation((...args) => {
      calls.now--;
      EventTarget.prototype.removeEventListener.apply(signal, args);
    });
    return { controller, signal, calls };
  };
  const thousand = <T>(make: () => Promise<T>) =>
    Promise.allSettled(Array.from({ length: 1_000 }, make));

  test("of abortable()", async () => {
    const { signal, calls } = watched();
    await thousand(() => abortable(Promise.resolve(1), signal));
    expect(calls).toEqual({ most: 1, now: 1 });
  });

  test("of a shared run, a queue and a lock", async () => {
    const { signal, calls } = watched();
    const flights = new Flights<number>();
    const queue = new PromiseQueue();
    const locks = new MemoryTabLock();
    await Promise.all([
      thousand(() => flights.join("a", () => systemClock.sleep(1).then(() => 1), signal)),
      thousand(() => queue.run(async () => 1, signal)),
      thousand(() => locks.request("a", { mode: "exclusive", signal }, async () => 1)),
      thousand(() => systemClock.sleep(1, signal)),
    ]);
    expect(calls).toEqual({ most: 1, now: 1 });
  });

  test("of requests to a server", async () => {
    const { signal, calls } = watched();
    const fetch = fakeFetch(() => json({ access_token: "at", token_type: "Bearer" }));
    const endpoints = {
      authorizationEndpoint: "https://id.example/a",
      tokenEndpoint: "https://id.example/t",
    };
    const requests = testRequests();
    const { server } = createLazyServer({
      issuer: "https://id.example",
      clientId: "web",
      endpoints,
      requests,
      clock: systemClock,
      fetch,
    });
    await thousand(() => server.requestTokens({ grant_type: "client_credentials" }, { signal }));
    expect(fetch.sent).toHaveLength(1_000);
    expect(calls).toEqual({ most: 1, now: 1 });
  });

  test("that are aborted: each call rejects with the reason", async () => {
    const { controller, signal, calls } = watched();
    const all = thousand(() => systemClock.sleep(60_000, signal));
    const waiting = thousand(() => abortable(new Promise(() => {}), signal));
    const reason = new Error("left");
    controller.abort(reason);
    expect(new Set((await all).map((one) => one.status === "rejected" && one.reason))).toEqual(
      new Set([reason]),
    );
    await waiting;
    expect(calls.most).toBe(1);
  });
});

test.for([undefined, null, 7, "network", {}, new Error("x"), { code: "network" }])(
  "D6: isAuthError() is false for %s",
  (value) => {
    expect(isAuthError(value)).toBe(false);
  },
);

test("D6: isAuthError() knows the errors of another copy of Latchkey", async () => {
  vi.resetModules();
  const other = await import("../../src/core/errors.ts");
  const error: unknown = new other.NetworkError("cut");
  expect(error).not.toBeInstanceOf(NetworkError);
  expect(isAuthError(error) && error.code).toBe("network");
  expect(other.isAuthError(new NetworkError("cut"))).toBe(true);
  expect(Object.keys(error as object)).not.toContain("latchkey.error");
});

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ApiPause, ApiPauses } from "../../src/core/api-pauses.ts";
import { createClient } from "../../src/confidential.ts";
import { RefusedTokens } from "../../src/fetch/refused-tokens.ts";
import { TokenManager } from "../../src/service/token-manager.ts";
import { MemoryTabLock } from "../../src/memory/memory-tab-lock.ts";
import { MemoryTokenStorage } from "../../src/memory/memory-token-storage.ts";
import { wallClock } from "../../src/core/ports.ts";
import { loginResponse, remember, world } from "../auth/fixture.ts";
import { responseOf, expiredRow, DEFAULT_KEY } from "../refresh/tabs.ts";
import { createFetch } from "../../src/fetch/create-fetch.ts";
import { authorizedFetch } from "../../src/fetch/send-authorized.ts";

/** How many newer tokens are requested when an API refuses tokens. */

const API = "https://api.example.com";
const HOUR_MS = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Tokens `at1`, `at2`, …: a reload gives the next one. */
function tokens() {
  let n = 1;
  const getToken = async ({ cache }: { cache?: "reload" }) => `at${cache ? ++n : n}`;
  return { getToken, reloads: () => n - 1 };
}

const refuseAll = async () => new Response("no", { status: 401 });

/** A fetch for `API`. `response` gives the status for a path and a token. */
function apiFetch(
  getToken: (options: { cache?: "reload" }) => Promise<string>,
  response: (path: string, token: string) => number = () => 401,
  pauses?: ApiPauses,
) {
  let calls = 0;
  const send = createFetch(
    {
      getToken,
      allow: [API],
      fetch: async (request) => {
        calls++;
        const token = request.headers.get("authorization")!.replace("Bearer ", "");
        return new Response("", { status: response(new URL(request.url).pathname, token) });
      },
    },
    async () => new RefusedTokens(pauses),
  );
  return { send: (path = "/") => send(API + path), calls: () => calls };
}

describe("A9: an API that refuses everything with 401", () => {
  test("A9: 60 calls in 7 s cost one refresh, and each gets its 401", async () => {
    const my = tokens();
    const { send, calls } = apiFetch(my.getToken);
    for (let i = 0; i < 60; i++) {
      expect((await send()).status).toBe(401);
      await vi.advanceTimersByTimeAsync(117);
    }
    expect(my.reloads()).toBe(1);
    expect(calls()).toBe(61);
  });

  test("A9: 60 calls at the same time share one refresh", async () => {
    const my = tokens();
    const { send } = apiFetch(my.getToken);
    const responses = await Promise.all(Array.from({ length: 60 }, () => send()));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([401]));
    expect((await send()).status).toBe(401);
    expect(my.reloads()).toBe(1);
  });

  test("A9: auth.fetch requests one newer token", async () => {
    const my = tokens();
    vi.stubGlobal("fetch", refuseAll);
    const refused = new RefusedTokens();
    const authFetch = authorizedFetch(my.getToken, "https://app.example/", async () => refused);
    for (let i = 0; i < 60; i++) await authFetch("https://app.example/api");
    expect(my.reloads()).toBe(1);
  });

  test("A9: the fetch of createClient requests one newer token", async () => {
    let issued = 0;
    const client = createClient({
      issuer: "https://id.example",
      clientId: "c",
      authentication: { method: "client_secret_basic", clientSecret: "s" },
      endpoints: {
        authorizationEndpoint: "https://id.example/authorize",
        tokenEndpoint: "https://id.example/token",
      },
      allow: [API],
      fetch: async () =>
        Response.json({ access_token: `at${++issued}`, token_type: "Bearer", expires_in: 600 }),
    });
    vi.stubGlobal("fetch", refuseAll);
    for (let i = 0; i < 60; i++) expect((await client.fetch(API)).status).toBe(401);
    expect(issued).toBe(2);
  });

  test("A9: one newer token is requested from a token manager", async () => {
    let issued = 0;
    const manager = new TokenManager({
      provider: {
        requestToken: async () => {
          const { refreshToken: _, ...response } = loginResponse({ accessToken: `at${++issued}` });
          return response;
        },
      },
      storage: new MemoryTokenStorage(),
      locks: new MemoryTabLock(),
      clock: wallClock,
    });
    const { send } = apiFetch(manager.getToken);
    for (let i = 0; i < 60; i++) await send();
    expect(issued).toBe(2);
  });

  test.for([1, 5])(
    "A9: in one hour %s tabs that call every 10 s cost at most 10 refreshes",
    async (count) => {
      const my = world();
      const row = expiredRow();
      const expiresAt = Date.now() + 24 * HOUR_MS;
      await remember(my, {
        ...row,
        access: {
          [DEFAULT_KEY]: { generation: 1, expiresAt, scope: ["openid"], lifetimeMs: 24 * HOUR_MS },
        },
      });
      let n = 1;
      my.response = async () => responseOf(++n, { expiresAt });
      const pauses: ApiPauses = new Map();
      const tabs = Array.from({ length: count }, () => my.tab());
      const fetches = tabs.map((tab) => apiFetch(tab.getToken, undefined, pauses));
      for (let at = 0; at < HOUR_MS; at += 10_000) {
        await Promise.all(fetches.map(({ send }) => send()));
        await vi.advanceTimersByTimeAsync(10_000);
      }
      expect(my.sends).toBeGreaterThan(3);
      expect(my.sends).toBeLessThanOrEqual(10);
    },
  );

  test("A9: a page load does not reset the pauses, because they are stored", async () => {
    const my = tokens();
    const pauses: ApiPauses = new Map();
    for (let at = 0; at < HOUR_MS; at += 60_000) {
      const { send } = apiFetch(my.getToken, undefined, pauses);
      await send();
      await send();
      await vi.advanceTimersByTimeAsync(60_000);
    }
    expect(my.reloads()).toBeLessThanOrEqual(8);
  });

  test("A9: not every 401 requests a newer token when the server gives none", async () => {
    const getToken = vi.fn(async ({ cache }: { cache?: "reload" }) => {
      if (cache) throw new Error("offline");
      return "at1";
    });
    const { send } = apiFetch(getToken);
    for (let i = 0; i < 60; i++) expect((await send()).status).toBe(401);
    expect(getToken.mock.calls.filter(([{ cache }]) => cache)).toHaveLength(1);
  });
});

describe("A9: a newer token helps", () => {
  test("A9: replaces a token each time when the API accepts tokens for five minutes only", async () => {
    const my = tokens();
    let since = Date.now();
    let last = "at1";
    const { send } = apiFetch(my.getToken, (_, token) => {
      if (token !== last) [last, since] = [token, Date.now()];
      return Date.now() - since < 300_000 ? 200 : 401;
    });
    for (let at = 0; at < HOUR_MS; at += 30_000) {
      expect((await send()).status).toBe(200);
      await vi.advanceTimersByTimeAsync(30_000);
    }
    expect(my.reloads()).toBe(11);
  });

  test("A9: one path that refuses everything costs few refreshes, although other paths succeed", async () => {
    const my = tokens();
    const { send } = apiFetch(my.getToken, (path) => (path === "/admin" ? 401 : 200));
    for (let at = 0; at < HOUR_MS; at += 5_000) {
      expect((await send("/me")).status).toBe(200);
      expect((await send("/admin")).status).toBe(401);
      await vi.advanceTimersByTimeAsync(5_000);
    }
    expect(my.reloads()).toBeLessThanOrEqual(10);
  });

  test("A9: replaces a token 16 minutes after the API has recovered, at the latest", async () => {
    const my = tokens();
    let isBroken = true;
    const { send } = apiFetch(my.getToken, (_, token) => (isBroken || token === "at8" ? 401 : 200));
    for (let at = 0; at < HOUR_MS; at += 10_000) {
      await send();
      await vi.advanceTimersByTimeAsync(10_000);
    }
    isBroken = false;
    const before = my.reloads();
    await vi.advanceTimersByTimeAsync(960_000);
    expect((await send()).status).toBe(200);
    expect(my.reloads() - before).toBeLessThanOrEqual(1);
  });

  test("A9: a pause of another API does not prevent a retry", async () => {
    const my = tokens();
    const pauses = new Map<string, ApiPause>([
      ["https://other.example", { count: 3, until: Date.now() + 60_000 }],
    ]);
    const { send } = apiFetch(my.getToken, (_, token) => (token === "at1" ? 401 : 200), pauses);
    expect((await send()).status).toBe(200);
  });

  test("A9: ignores a pause that was stored before the clock was set back", async () => {
    const my = tokens();
    const pauses = new Map<string, ApiPause>([[API, { count: 3, until: Date.now() + HOUR_MS }]]);
    const { send } = apiFetch(my.getToken, (_, token) => (token === "at1" ? 401 : 200), pauses);
    expect((await send()).status).toBe(200);
  });
});

describe("A9: a token that another tab replaced already", () => {
  test("A9: is not replaced again by an Auth that got no message of the other tab", async () => {
    const my = world();
    const row = expiredRow();
    const expiresAt = Date.now() + HOUR_MS;
    const access = {
      [DEFAULT_KEY]: { generation: 1, expiresAt, scope: ["openid"], lifetimeMs: HOUR_MS },
    };
    await remember(my, { ...row, access });
    my.response = async () => responseOf(my.sends + 1, { expiresAt });
    const [one, two] = [my.tab(), my.tab()];
    expect(await two.getToken()).toBe("at1");
    expect(await one.getToken({ cache: "reload", refused: "at1" })).toBe("at2");
    // `two` never started, so it gets no messages of other tabs.
    expect(await two.getToken()).toBe("at1");
    expect(await two.getToken({ cache: "reload", refused: "at1" })).toBe("at2");
    expect(await two.getToken()).toBe("at2");
    expect(my.sends).toBe(1);
    expect(await two.getToken({ cache: "reload", refused: "at2" })).toBe("at3");
  });

  test("A9: is not replaced again by a token manager", async () => {
    let issued = 0;
    const storage = new MemoryTokenStorage();
    const open = () =>
      new TokenManager({
        provider: { requestToken: async () => loginResponse({ accessToken: `at${++issued}` }) },
        storage,
        locks: new MemoryTabLock(),
        clock: wallClock,
      });
    expect(await open().getToken()).toBe("at1");
    expect(await open().getToken({ cache: "reload", refused: "at1" })).toBe("at2");
    expect(await open().getToken({ cache: "reload", refused: "at1" })).toBe("at2");
    expect(await open().getToken({ cache: "reload", refused: "at2" })).toBe("at3");
  });
});

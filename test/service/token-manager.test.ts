import { describe, expect, test, vi } from "vitest";
import {
  NetworkError,
  NoTokenError,
  RefreshTokenError,
  StorageError,
} from "../../src/core/errors.ts";
import { RequestTokenError } from "../../src/core/protocol-errors.ts";
import type { Grant, TokenRequest } from "../../src/core/grant.ts";
import { contextKey, TokenContext } from "../../src/core/token-context.ts";
import { tokenSet, type TokenSet } from "../../src/core/token-set.ts";
import { targetKey } from "../../src/core/token-target.ts";
import { RefreshTokenGrant } from "../../src/grants/refresh-token-grant.ts";
import { TokenManager } from "../../src/service/token-manager.ts";
import type { TokenManagerConfig } from "../../src/service/token-manager-options.ts";
import { MemoryTabLock } from "../../src/memory/memory-tab-lock.ts";
import { MemoryTokenStorage } from "../../src/memory/memory-token-storage.ts";

const HOUR = 3_600_000;
const START = 1_800_000_000_000;
const KEY = `auth_token::${targetKey({})}`;

function response(changes: Partial<TokenSet> = {}): TokenSet {
  return tokenSet({
    accessToken: "at",
    tokenType: "Bearer",
    expiresAt: START + HOUR,
    scope: [],
    ...changes,
  });
}

/** A storage with locks, and managers that share both, as the tabs of one origin or the services of one page do. */
function world({ refreshToken }: { refreshToken?: string } = {}) {
  let time = START;
  const clock = { now: () => time };
  const entries = new Map<string, unknown>();
  const storage = new MemoryTokenStorage({ entries, clock });
  const locks = new MemoryTabLock();
  const requests: TokenRequest[] = [];
  const requestToken = vi.fn(async (request: TokenRequest): Promise<TokenSet> => {
    requests.push(request);
    await Promise.resolve();
    return response({
      accessToken: `at${requests.length}`,
      expiresAt: time + HOUR,
      ...(refreshToken && { refreshToken: `${refreshToken}${requests.length}` }),
    });
  });
  const grant: Grant = { requestToken };
  return {
    storage,
    locks,
    clock,
    entries,
    requests,
    requestToken,
    addMs: (ms: number) => void (time += ms),
    stored: async () => (await storage.get(KEY)) as Record<string, unknown> | undefined,
    tab: (changes: Partial<TokenManagerConfig> = {}) =>
      new TokenManager({ provider: grant, storage, locks, clock, ...changes }),
  };
}

const refused = new RequestTokenError("refused", {
  hint: "x",
  error: "invalid_client",
  status: 401,
});
const ended = new RefreshTokenError("session_ended");
const offline = new NetworkError("offline");

describe("getToken", () => {
  test("calls the provider once, and then reads the storage", async () => {
    const { tab, requests } = world();
    const { getToken } = tab();
    expect(await getToken()).toBe("at1");
    expect(await getToken()).toBe("at1");
    expect(await tab().getToken()).toBe("at1");
    expect(requests).toHaveLength(1);
  });

  test("a thousand concurrent calls in three tabs call the provider once", async () => {
    const { tab, requests } = world();
    const tabs = [tab(), tab(), tab()];
    const tokens = await Promise.all(
      Array.from({ length: 1_000 }, (_, i) => tabs[i % 3]!.getToken()),
    );
    expect(new Set(tokens)).toEqual(new Set(["at1"]));
    expect(requests).toHaveLength(1);
  });

  test("returns a valid token without requesting the lock", async () => {
    const { tab, locks } = world();
    await tab().getToken();
    const request = vi.spyOn(locks, "request");
    expect(await tab().getToken()).toBe("at1");
    expect(request).not.toHaveBeenCalled();
  });

  test("renews a token 30 s before it expires, and not earlier", async () => {
    const { tab, addMs, requests } = world();
    const { getToken } = tab();
    await getToken();
    addMs(HOUR - 30_001);
    expect(await getToken()).toBe("at1");
    addMs(1);
    expect(await getToken()).toBe("at2");
    expect(requests).toHaveLength(2);
  });

  test("does not renew a token with a lifetime shorter than the leeway at each call", async () => {
    const { tab, addMs, requestToken } = world();
    requestToken.mockImplementation(async () => response({ expiresAt: START + 20_000 }));
    const { getToken } = tab();
    await getToken();
    addMs(10_000);
    await getToken();
    expect(requestToken).toHaveBeenCalledTimes(1);
    addMs(4_000);
    await getToken();
    expect(requestToken).toHaveBeenCalledTimes(2);
  });

  test.for([0, -HOUR])(
    "returns a new token to its callers even if it expires %s ms from now",
    async (ms) => {
      const { tab, requestToken } = world();
      requestToken.mockImplementation(async () => response({ expiresAt: START + ms }));
      expect(await Promise.all([tab().getToken(), tab().getToken()])).toEqual(["at", "at"]);
      expect(requestToken).toHaveBeenCalledTimes(2);
    },
  );

  test("keeps a token that never expires in a storage that supports JSON only", async () => {
    const { tab, storage, requestToken } = world();
    const get = storage.get.bind(storage);
    vi.spyOn(storage, "get").mockImplementation(async (key) =>
      JSON.parse(JSON.stringify((await get(key)) ?? null)),
    );
    requestToken.mockImplementation(async () => response({ expiresAt: Number.MAX_SAFE_INTEGER }));
    await tab().getToken();
    await tab().getToken();
    expect(requestToken).toHaveBeenCalledTimes(1);
  });

  test("stores the tokens of services, prefixes and targets separately", async () => {
    const { tab, requests, entries } = world();
    const tokens = [
      await tab().getToken(),
      await tab({ service: "a" }).getToken(),
      await tab({ service: "b" }).getToken(),
      await tab({ keyPrefix: "a" }).getToken(),
      await tab({ keyPrefix: "a:b" }).getToken(),
      await tab({ keyPrefix: "a", service: "b" }).getToken(),
      await tab().getToken({ resource: "https://api.example" }),
      await tab().getToken({ audience: "https://api.example" }),
      await tab().getToken({ scope: ["x", "y"] }),
    ];
    expect(new Set(tokens).size).toBe(9);
    expect(await tab().getToken({ scope: ["y", "x"] })).toBe(tokens[8]);
    expect(requests.slice(6)).toEqual([
      expect.objectContaining({ resource: "https://api.example" }),
      expect.objectContaining({ audience: "https://api.example" }),
      expect.objectContaining({ scope: ["x", "y"] }),
    ]);
    expect([...entries.keys()].filter((key) => key.includes("auth_token:a:"))).toHaveLength(1);
  });

  test("passes the stored tokens to the provider when they have expired", async () => {
    const { tab, requests, addMs } = world({ refreshToken: "rt" });
    await tab().getToken();
    expect(requests[0]).not.toHaveProperty("tokens");
    addMs(2 * HOUR);
    await tab().getToken();
    expect(requests[1]).toMatchObject({
      tokens: { accessToken: "at1", refreshToken: "rt1" },
      cache: "reload",
    });
    expect(JSON.stringify(requests[1]!.tokens)).toBe('"TokenSet [redacted]"');
  });

  test("keeps tokens with a refresh token after they have expired, and deletes tokens without one", async () => {
    const one = world({ refreshToken: "rt" });
    await one.tab().getToken();
    one.addMs(30 * 24 * HOUR);
    expect(await one.stored()).toMatchObject({ refreshToken: "rt1" });
    const other = world();
    await other.tab().getToken();
    other.addMs(HOUR);
    expect(await other.stored()).toBeUndefined();
  });

  test("passes prompt and context on; a call with a context shares no other call's request", async () => {
    const { tab, requestToken, requests } = world();
    const word = contextKey<string>("word");
    const spy = requestToken.getMockImplementation()!;
    const needsWord = new NoTokenError("needs the word");
    requestToken.mockImplementation((request) =>
      request.context?.get(word) === "please" ? spy(request) : Promise.reject(needsWord),
    );
    const { getToken } = tab();
    const without = getToken({ prompt: "none" });
    const rude = getToken({ context: TokenContext.of(word, "now") });
    await expect(without).rejects.toBe(needsWord);
    await expect(rude).rejects.toBe(needsWord);
    const polite = getToken({ context: TokenContext.of(word, "please"), prompt: "login" });
    expect(await polite).toBe("at1");
    expect(requestToken.mock.calls[0]![0]).toMatchObject({ prompt: "none" });
    expect(requests).toEqual([expect.objectContaining({ prompt: "login" })]);
  });

  test("an aborted call does not abort other calls, and the last aborted call stops the request", async () => {
    const { tab, requestToken } = world();
    const stops: AbortSignal[] = [];
    const reply = new Promise<TokenSet>(() => {});
    requestToken.mockImplementation(({ signal }) => {
      stops.push(signal!);
      return reply;
    });
    const [a, b] = [new AbortController(), new AbortController()];
    const { getToken } = tab();
    const calls = [getToken({ signal: a.signal }), getToken({ signal: b.signal })];
    await vi.waitFor(() => expect(stops).toHaveLength(1));
    a.abort(new Error("a left"));
    await expect(calls[0]).rejects.toThrow("a left");
    expect(stops[0]!.aborted).toBe(false);
    b.abort(new Error("b left"));
    await expect(calls[1]).rejects.toThrow("b left");
    expect(stops[0]!.aborted).toBe(true);
    await expect(getToken({ signal: AbortSignal.abort(new Error("late")) })).rejects.toThrow(
      "late",
    );
    expect(stops).toHaveLength(1);
  });
});

describe("a provider that asks the user", () => {
  /** Rejects with `prompt: "none"`, as a `PasswordGrant` does. Otherwise waits until `typed` is called. */
  function dialog(refreshToken?: string) {
    const my = world();
    let typed: (tokens: TokenSet | Error) => void;
    const asked: TokenRequest[] = [];
    my.requestToken.mockImplementation(async (request) => {
      if (request.prompt === "none") throw new NoTokenError("a user is needed");
      asked.push(request);
      const given = await new Promise<TokenSet | Error>((resolve) => (typed = resolve));
      if (given instanceof Error) throw given;
      return given;
    });
    const type = async (
      given: TokenSet | Error = response({ ...(refreshToken && { refreshToken }) }),
    ) => {
      await vi.waitFor(() => expect(asked.length).toBeGreaterThan(0));
      typed(given);
    };
    return { ...my, asked, type };
  }

  test('blocks no call with prompt "none" in any tab, and asks once', async () => {
    const { tab, asked, type } = dialog();
    const tabs = [tab(), tab()];
    const calls = tabs.map(({ getToken }) => getToken());
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    for (const { getToken, forceRefresh } of tabs) {
      await expect(getToken({ prompt: "none" })).rejects.toMatchObject({ code: "no_token" });
      await expect(forceRefresh({ prompt: "none" })).rejects.toMatchObject({ code: "no_token" });
    }
    await type();
    expect(await Promise.all(calls)).toEqual(["at", "at"]);
    expect(asked).toHaveLength(1);
    expect(await tabs[1]!.getToken({ prompt: "none" })).toBe("at");
  });

  test("gets no refresh token that another call may send at the same time", async () => {
    const { tab, asked, type, addMs } = dialog("rt");
    const { getToken } = tab();
    void type();
    await getToken();
    addMs(2 * HOUR);
    void type(response({ accessToken: "at2", expiresAt: START + 5 * HOUR }));
    const calls = [getToken(), getToken({ prompt: "login" })];
    await vi.waitFor(() => expect(asked).toHaveLength(2));
    await type(response({ accessToken: "at2", expiresAt: START + 5 * HOUR }));
    expect(await Promise.all(calls)).toEqual(["at2", "at2"]);
    for (const request of asked) expect(request).not.toHaveProperty("tokens");
  });

  test.for([new Error("closed"), offline])(
    "does not keep a refresh token after invalid_grant when the dialog ends with %s",
    async (error) => {
      const { requestToken, stored, storage, clock, locks, addMs } = world({ refreshToken: "rt" });
      const sent: unknown[] = [];
      const provider = new RefreshTokenGrant(
        { requestToken },
        {
          requestTokens: async (parameters) => {
            sent.push(parameters["refresh_token"]);
            throw new RequestTokenError("x", { hint: "x", error: "invalid_grant", status: 400 });
          },
        },
      );
      const { getToken } = new TokenManager({ provider, storage, clock, locks });
      await getToken();
      requestToken.mockRejectedValue(error);
      addMs(HOUR - 10_000);
      // The access token is still valid, although it cannot be renewed.
      expect(await getToken()).toBe("at1");
      expect(await stored()).not.toHaveProperty("refreshToken");
      addMs(HOUR);
      await expect(getToken()).rejects.toBe(error);
      await expect(getToken()).rejects.toBe(error);
      expect(sent).toEqual(["rt1"]);
    },
  );
});

describe("failures", () => {
  test.for([offline, refused, ended, new Error("of a custom grant")])(
    "without a token all concurrent calls reject with %s, and the next call tries again",
    async (error) => {
      const { tab, requestToken } = world();
      requestToken.mockRejectedValueOnce(error);
      const { getToken } = tab();
      const calls = [getToken(), getToken()];
      for (const call of calls) await expect(call).rejects.toBe(error);
      expect(requestToken).toHaveBeenCalledTimes(1);
      expect(await getToken()).toBe("at1");
    },
  );

  test.for([offline, refused, new Error("of a custom grant")])(
    "returns the stored token inside the leeway after %s, and changes nothing",
    async (error) => {
      const { tab, requestToken, addMs, stored } = world({ refreshToken: "rt" });
      const { getToken, forceRefresh } = tab();
      await getToken();
      addMs(HOUR - 10_000);
      const before = await stored();
      requestToken.mockRejectedValue(error);
      expect(await getToken()).toBe("at1");
      await expect(forceRefresh()).rejects.toBe(error);
      expect(await stored()).toEqual(before);
      addMs(10_000);
      await expect(getToken()).rejects.toBe(error);
      expect(await stored()).toEqual(before);
    },
  );

  test("a final refusal deletes the tokens and rejects, even inside the leeway", async () => {
    const { tab, requestToken, addMs, stored } = world({ refreshToken: "rt" });
    const { getToken } = tab();
    await getToken();
    addMs(HOUR - 10_000);
    requestToken.mockRejectedValueOnce(ended);
    await expect(getToken()).rejects.toBe(ended);
    expect(await stored()).toBeUndefined();
    await getToken();
    expect(requestToken.mock.lastCall![0]).not.toHaveProperty("tokens");
  });

  test("a final refusal rejects even when the tokens cannot be deleted", async () => {
    const { tab, storage, requestToken, addMs } = world({ refreshToken: "rt" });
    const { getToken } = tab();
    await getToken();
    addMs(HOUR - 10_000);
    vi.spyOn(storage, "delete").mockRejectedValue(new StorageError("blocked"));
    requestToken.mockRejectedValueOnce(ended);
    await expect(getToken()).rejects.toBe(ended);
  });

  test("rejects with a StorageError before anything is sent when the storage cannot be read", async () => {
    const { tab, storage, requestToken } = world();
    vi.spyOn(storage, "get").mockRejectedValue(new StorageError("blocked"));
    await expect(tab().getToken()).rejects.toMatchObject({ code: "storage" });
    expect(requestToken).not.toHaveBeenCalled();
  });

  test("returns tokens that cannot be stored, and keeps them in memory until they can be stored", async () => {
    const { tab, storage, requests, addMs, stored } = world({ refreshToken: "rt" });
    const { getToken } = tab();
    await getToken();
    addMs(HOUR);
    const set = vi.spyOn(storage, "set").mockRejectedValue(new StorageError("full"));
    expect(await getToken()).toBe("at2");
    expect(await getToken()).toBe("at2");
    expect(await stored()).toMatchObject({ refreshToken: "rt1" });
    addMs(HOUR);
    expect(await getToken()).toBe("at3");
    expect(requests[2]!.tokens).toMatchObject({ refreshToken: "rt2" });
    set.mockRestore();
    expect(await getToken()).toBe("at3");
    expect(await stored()).toMatchObject({ refreshToken: "rt3" });
  });

  test("replaces tokens that could not be stored with newer ones of another tab", async () => {
    const { tab, storage, addMs } = world({ refreshToken: "rt" });
    const [a, b] = [tab(), tab()];
    const set = vi.spyOn(storage, "set").mockRejectedValueOnce(new StorageError("full"));
    expect(await a.getToken()).toBe("at1");
    set.mockRestore();
    expect(await b.getToken()).toBe("at2");
    expect(await a.getToken()).toBe("at2");
    addMs(1);
    expect(await a.getToken()).toBe("at2");
  });

  test.for(
    [
      { accessToken: 7 },
      "text",
      { accessToken: "at", expiresAt: START * 2 },
      null,
      [],
      { refreshToken: "rt" },
    ].map((record) => ({ record })),
  )("deletes the stored value %o, which is no token", async ({ record }) => {
    const { tab, storage, requestToken, entries } = world();
    await storage.set(KEY, record);
    requestToken.mockRejectedValueOnce(offline);
    await expect(tab().getToken()).rejects.toBe(offline);
    expect(requestToken.mock.lastCall![0]).not.toHaveProperty("tokens");
    expect(entries.size).toBe(0);
  });

  test("rejects with a TimeoutError when another tab holds the lock for too long", async () => {
    const { tab, locks } = world();
    const held = new Promise<never>(() => {});
    void locks.request(`token/${KEY}`, { mode: "exclusive" }, () => held);
    await expect(tab({ patienceMs: 20 }).getToken()).rejects.toMatchObject({
      code: "timeout",
      pending: true,
    });
  });

  test.each([Infinity, Number.MAX_SAFE_INTEGER, 2 ** 31, Number.NaN, -1, 0, 0.5, "30000"])(
    "a patienceMs of %s is a ConfigurationError when the manager is created",
    (patienceMs) => {
      expect(() => world().tab({ patienceMs: patienceMs as number })).toThrow(
        expect.objectContaining({ code: "configuration", input: "patienceMs" }),
      );
    },
  );

  test("waits for another tab with the largest patienceMs", async () => {
    const { tab, requests } = world();
    const tabs = [tab({ patienceMs: 2 ** 31 - 1 }), tab({ patienceMs: 2 ** 31 - 1 })];
    expect(await Promise.all(tabs.map((one) => one.getToken()))).toEqual(["at1", "at1"]);
    expect(requests).toHaveLength(1);
  });
});

describe("forceRefresh", () => {
  test("gives concurrent calls in every tab the same newer token", async () => {
    const { tab, requests } = world({ refreshToken: "rt" });
    const tabs = [tab(), tab()];
    await tabs[0]!.getToken();
    const tokens = await Promise.all(
      Array.from({ length: 50 }, (_, i) => tabs[i % 2]!.forceRefresh()),
    );
    expect(new Set(tokens)).toEqual(new Set(["at2"]));
    expect(requests).toHaveLength(2);
    expect(requests[1]).toMatchObject({ tokens: { refreshToken: "rt1" }, cache: "reload" });
    expect(await tabs[0]!.forceRefresh()).toBe("at3");
  });

  test("with the mode fetch does not use the stored refresh token", async () => {
    const { tab, requests } = world({ refreshToken: "rt" });
    const { getToken, forceRefresh } = tab();
    await getToken();
    expect(await forceRefresh({ mode: "fetch" })).toBe("at2");
    expect(requests[1]).toMatchObject({ cache: "reload" });
    expect(requests[1]).not.toHaveProperty("tokens");
  });

  test('getToken({ cache: "reload" }) gives a newer token, too', async () => {
    const { tab } = world();
    const { getToken } = tab();
    await getToken();
    expect(await getToken({ cache: "reload" })).toBe("at2");
  });
});

describe("invalidateToken", () => {
  test("deletes the access token for every tab and keeps the refresh token", async () => {
    const { tab, requests, stored } = world({ refreshToken: "rt" });
    const [a, b] = [tab(), tab()];
    await a.getToken();
    await a.invalidateToken();
    expect(JSON.stringify(await stored())).not.toContain("at1");
    expect(await b.getToken()).toBe("at2");
    expect(requests[1]!.tokens).toMatchObject({ refreshToken: "rt1", accessToken: "" });
  });

  test("deletes the entry when the refresh token is to be forgotten, or when there is none", async () => {
    const one = world({ refreshToken: "rt" });
    await one.tab().getToken();
    await one.tab().invalidateToken({ refreshToken: "forget" });
    expect(one.entries.size).toBe(0);
    const other = world();
    await other.tab().getToken();
    await other.tab().invalidateToken();
    expect(other.entries.size).toBe(0);
    await other.tab().invalidateToken();
  });

  test("keeps the tokens of other targets and other services", async () => {
    const { tab, requests } = world();
    await tab().getToken();
    await tab().getToken({ resource: "r" });
    await tab({ service: "other" }).getToken();
    await tab().invalidateToken({ resource: "r" });
    expect(await tab().getToken()).toBe("at1");
    expect(await tab({ service: "other" }).getToken()).toBe("at3");
    expect(requests).toHaveLength(3);
    expect(await tab().getToken({ resource: "r" })).toBe("at4");
  });

  test("waits for a running refresh, and does not store the old refresh token again", async () => {
    const { tab, requestToken, addMs, stored } = world({ refreshToken: "rt" });
    const { getToken, invalidateToken } = tab();
    await getToken();
    addMs(HOUR);
    let reply!: (tokens: TokenSet) => void;
    requestToken.mockImplementationOnce(() => new Promise((resolve) => (reply = resolve)));
    const refreshing = getToken();
    await vi.waitFor(() => expect(reply).toBeDefined());
    const invalidating = invalidateToken();
    reply(response({ accessToken: "new", refreshToken: "rt-new", expiresAt: START + 3 * HOUR }));
    expect(await refreshing).toBe("new");
    await invalidating;
    expect(await stored()).toMatchObject({ accessToken: "new", refreshToken: "rt-new" });
  });

  test("rejects with a StorageError when the storage cannot be written", async () => {
    const { tab, storage } = world({ refreshToken: "rt" });
    await tab().getToken();
    vi.spyOn(storage, "set").mockRejectedValue(new StorageError("full"));
    await expect(tab().invalidateToken()).rejects.toMatchObject({ code: "storage" });
  });
});

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { contextKey, TokenContext } from "../../src/core/token-context.ts";
import type { TokenParameters } from "../../src/core/authorization-server.ts";
import {
  NetworkError,
  NoTokenError,
  RefreshTokenError,
  StorageError,
} from "../../src/core/errors.ts";
import { RequestTokenError } from "../../src/core/protocol-errors.ts";
import type { TabLock } from "../../src/core/ports.ts";
import type { TokenSet } from "../../src/core/token-set.ts";
import { CachedGrant, type CachedGrantConfig } from "../../src/grants/cached-grant.ts";
import { RefreshTokenGrant } from "../../src/grants/refresh-token-grant.ts";
import { MemoryTabLock } from "../../src/memory/memory-tab-lock.ts";
import { loginResponse } from "../auth/fixture.ts";
import { mapStorage, scriptedGrant, startClock } from "./support.ts";

const HOUR = 3_600_000;

let clock: ReturnType<typeof startClock>;
beforeEach(() => {
  clock = startClock();
});
afterEach(() => {
  vi.useRealTimers();
});

/** The inner grant returns `t1`, `t2`, …, which are valid for an hour and have no refresh token. */
function setUp(changes: Partial<TokenSet> = {}, config: Partial<CachedGrantConfig> = {}) {
  const storage = mapStorage();
  const inner = scriptedGrant((_, nth) => tokens(`t${nth}`, changes));
  const grant = new CachedGrant(inner, { storage, key: "cache", ...config });
  return { storage, inner, grant };
}

function tokens(accessToken: string, changes: Partial<TokenSet> = {}): TokenSet {
  const { refreshToken: _, user: __, ...rest } = loginResponse();
  return { ...rest, accessToken, expiresAt: Date.now() + HOUR, ...changes };
}

const secrets = async (responses: Promise<TokenSet>[]) =>
  (await Promise.all(responses)).map(({ accessToken }) => accessToken);

describe("a cached grant", () => {
  test("returns the stored token until it is about to expire", async () => {
    const { grant, inner } = setUp();
    expect((await grant.requestToken({})).accessToken).toBe("t1");
    clock.pass(HOUR - 30_001);
    expect(await grant.requestToken({})).toMatchObject({ accessToken: "t1", scope: ["openid"] });
    clock.pass(1);
    expect((await grant.requestToken({})).accessToken).toBe("t2");
    expect(inner.asked).toHaveLength(2);
  });

  test("stores a token whose lifetime is shorter than the leeway", async () => {
    const { grant } = setUp({ expiresAt: Date.now() + 9_000 });
    await grant.requestToken({});
    clock.pass(5_999);
    expect((await grant.requestToken({})).accessToken).toBe("t1");
    clock.pass(1);
    expect((await grant.requestToken({})).accessToken).toBe("t2");
  });

  test("keeps no record longer than its maximum age", async () => {
    const { grant } = setUp({}, { maxAgeMs: 1_000 });
    await grant.requestToken({});
    clock.pass(999);
    expect((await grant.requestToken({})).accessToken).toBe("t1");
    clock.pass(1);
    expect((await grant.requestToken({})).accessToken).toBe("t2");
  });

  test("ignores a record that is too old in a storage without time to live", async () => {
    const { grant, storage } = setUp({}, { maxAgeMs: 1_000 });
    const lasting = mapStorage();
    storage.set = (key, value) => lasting.set(key, value);
    storage.get = (key) => lasting.get(key);
    await grant.requestToken({});
    clock.pass(1_000);
    expect((await grant.requestToken({})).accessToken).toBe("t2");
  });

  test("ignores a record from the future, because the clock was set back", async () => {
    const { grant } = setUp();
    await grant.requestToken({});
    clock.pass(-2_000);
    expect((await grant.requestToken({})).accessToken).toBe("t2");
  });

  test("ignores a record with another hash of the configuration", async () => {
    const { grant, inner, storage } = setUp({}, { configHash: "one" });
    await grant.requestToken({});
    expect((await grant.requestToken({})).accessToken).toBe("t1");
    const other = new CachedGrant(inner, { storage, key: "cache", configHash: "two" });
    expect((await other.requestToken({})).accessToken).toBe("t2");
    expect(inner.asked[1]).not.toHaveProperty("tokens");
    expect((await other.requestToken({})).accessToken).toBe("t2");
  });

  test("with cache reload passes the stored tokens on, and stores the new ones", async () => {
    const { grant, inner } = setUp();
    await grant.requestToken({});
    expect((await grant.requestToken({ cache: "reload" })).accessToken).toBe("t2");
    expect(inner.asked[1]).toMatchObject({ cache: "reload", tokens: { accessToken: "t1" } });
    expect((await grant.requestToken({})).accessToken).toBe("t2");
  });

  test("has a record for each user, target and context", async () => {
    const tenant = contextKey<string>("tenant");
    const { grant, inner } = setUp(
      {},
      { key: ({ context }) => `cache/${context?.get(tenant) ?? ""}` },
    );
    const requests = [
      {},
      { user: "ada" },
      { user: "grace" },
      { user: "ada", resource: "r" },
      { user: "ada", scope: ["a", "b"] },
      { user: "ada", context: TokenContext.of(tenant, "x") },
    ];
    const first = await secrets(requests.map((request) => grant.requestToken(request)));
    expect(new Set(first).size).toBe(requests.length);
    expect(await secrets(requests.map((request) => grant.requestToken(request)))).toEqual(first);
    expect((await grant.requestToken({ user: "ada", scope: ["b", "a"] })).accessToken).toBe(
      first[4],
    );
    expect(inner.asked).toHaveLength(requests.length);
  });

  test("keeps a refresh token after its access token has expired, and passes it on", async () => {
    const { grant, inner } = setUp({ refreshToken: "rt" });
    await grant.requestToken({});
    clock.pass(HOUR);
    await grant.requestToken({});
    expect(inner.asked[1]!.tokens).toMatchObject({ accessToken: "t1", refreshToken: "rt" });
  });

  test("deletes an expired token without a refresh token", async () => {
    const { grant, storage } = setUp();
    await grant.requestToken({});
    clock.pass(HOUR);
    expect(await storage.exists([...storage.rows.keys()][0]!)).toBe(false);
  });

  test.for([
    "garbage",
    7,
    {},
    { version: 3, configHash: "", storedAt: 0, tokens: {} },
    { version: 2, configHash: "", storedAt: 0, tokens: { accessToken: 7 } },
    { version: 2, configHash: "", storedAt: "now", tokens: {} },
  ])("sets the corrupt record %o aside and calls the inner grant", async (corrupt) => {
    const { grant, storage } = setUp();
    await grant.requestToken({});
    const key = [...storage.rows.keys()][0]!;
    await storage.set(key, corrupt);
    expect((await grant.requestToken({})).accessToken).toBe("t2");
    expect(await storage.get(`${key}/aside`)).toEqual(corrupt);
    expect((await grant.requestToken({})).accessToken).toBe("t2");
  });

  test.for([
    () => Promise.reject(new StorageError("full")),
    () => {
      throw new SyntaxError("a storage of the app that parses JSON");
    },
  ])("calls the inner grant and returns its token when the storage fails", async (fail) => {
    const { grant, storage } = setUp();
    Object.assign(storage, { get: fail, set: fail, delete: fail });
    expect(await secrets([grant.requestToken({}), grant.requestToken({})])).toEqual(["t1", "t1"]);
    expect(await secrets([grant.requestToken({})])).toEqual(["t2"]);
  });

  test("does not store a failure", async () => {
    const error = new NetworkError("offline");
    const inner = scriptedGrant((_, nth) => (nth === 1 ? Promise.reject(error) : tokens("t2")));
    const grant = new CachedGrant(inner, { storage: mapStorage(), key: "cache" });
    await expect(grant.requestToken({})).rejects.toBe(error);
    expect((await grant.requestToken({})).accessToken).toBe("t2");
  });

  test.for([
    { roundTrip: { redirectUri: "x", navigate: async () => "", close: () => {} } },
    { response: "https://app.example/?code=c" },
  ])("passes the login %o on unchanged, and stores its tokens for their user", async (login) => {
    const { grant, inner } = setUp({ user: { sub: "ada", claims: {} } });
    await grant.requestToken({ user: "ada" });
    await grant.requestToken(login);
    expect(inner.asked[1]).toBe(login);
    expect((await grant.requestToken({ user: "ada" })).accessToken).toBe("t2");
    expect((await grant.requestToken({ user: "grace" })).accessToken).toBe("t3");
  });

  test("a login calls the inner grant although another call holds the lock", async () => {
    const locks = new MemoryTabLock();
    const { grant, inner, storage } = setUp({ user: { sub: "ada", claims: {} } }, { locks });
    await grant.requestToken({ user: "ada" });
    const [key] = [...storage.rows.keys()];
    const held = new Promise<never>(() => {});
    void locks.request(`cached/${key}`, { mode: "exclusive" }, () => held);
    const login = { response: "https://app.example/?code=c" };
    void grant.requestToken(login);
    await vi.waitFor(() => expect(inner.asked).toHaveLength(2));
    expect(inner.asked[1]).toBe(login);
  });

  test("never returns one user's token to another user", async () => {
    const { grant } = setUp({ user: { sub: "ada", claims: {} } });
    await grant.requestToken({ user: "grace" });
    expect((await grant.requestToken({ user: "grace" })).accessToken).toBe("t2");
  });

  test("does not store the tokens of a stored session", async () => {
    const { grant, storage } = setUp({ generation: 3 });
    expect(await grant.requestToken({ user: "ada" })).toMatchObject({ generation: 3 });
    expect(storage.rows.size).toBe(0);
  });

  test("rejects with the reason of an aborted signal", async () => {
    const { grant, inner } = setUp();
    const reason = new Error("enough");
    await expect(grant.requestToken({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(inner.asked).toEqual([]);
  });

  describe("around a RefreshTokenGrant", () => {
    /** A grant whose stored tokens have expired. `reply` gives the responses of the token endpoint, a little later. */
    async function cached(reply: (nth: number) => TokenSet | Error, locks?: TabLock) {
      const storage = mapStorage();
      const sent: unknown[] = [];
      const inner = scriptedGrant(() => tokens("login", { refreshToken: "rt1" }));
      const server = {
        requestTokens: async (parameters: TokenParameters) => {
          sent.push(parameters["refresh_token"]);
          await new Promise((resolve) => setImmediate(resolve));
          const response = reply(sent.length);
          if (response instanceof Error) throw response;
          return response;
        },
      };
      const tab = () =>
        new CachedGrant(new RefreshTokenGrant(inner, server), {
          storage,
          key: "k",
          ...(locks && { locks }),
        });
      await tab().requestToken({});
      clock.pass(HOUR);
      return { storage, sent, inner, tab };
    }
    const next = (nth: number) => tokens(`t${nth}`, { refreshToken: `rt${nth + 1}` });
    const spent = () =>
      new RequestTokenError("x", { hint: "x", error: "invalid_grant", status: 400 });
    beforeEach(() => {
      vi.useRealTimers();
      vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 });
    });

    test("concurrent calls send one refresh token once, with any cache and prompt", async () => {
      const { sent, tab } = await cached(next);
      const grant = tab();
      const responses = await secrets([
        grant.requestToken({}),
        grant.requestToken({}),
        grant.requestToken({ prompt: "none" }),
      ]);
      expect(responses).toEqual(["t1", "t1", "t1"]);
      expect(sent).toEqual(["rt1"]);
      await secrets([
        grant.requestToken({ cache: "reload" }),
        grant.requestToken({ cache: "reload" }),
        grant.requestToken({ cache: "reload", prompt: "none" }),
      ]);
      expect(sent).toEqual(["rt1", "rt2"]);
    });

    test("concurrent calls in tabs that share locks send one refresh token once", async () => {
      const { sent, tab } = await cached(next, new MemoryTabLock());
      const responses = await secrets([tab().requestToken({}), tab().requestToken({})]);
      expect(responses).toEqual(["t1", "t1"]);
      expect(sent).toEqual(["rt1"]);
    });

    test("a thousand concurrent calls share one failure", async () => {
      const { sent, tab } = await cached(() => new NetworkError("offline"));
      const grant = tab();
      const calls = await Promise.allSettled(
        Array.from({ length: 1_000 }, () => grant.requestToken({})),
      );
      expect(new Set(calls.map(({ status }) => status))).toEqual(new Set(["rejected"]));
      expect(sent).toEqual(["rt1"]);
    });

    test("an aborted call does not abort other calls", async () => {
      const { sent, tab } = await cached(next);
      const grant = tab();
      const leave = new AbortController();
      const left = grant.requestToken({ signal: leave.signal });
      const stays = grant.requestToken({});
      leave.abort(new Error("enough"));
      await expect(left).rejects.toThrow("enough");
      expect((await stays).accessToken).toBe("t1");
      expect(sent).toEqual(["rt1"]);
    });

    test("stores the response of a request that all callers have aborted", async () => {
      const leave = new AbortController();
      const { sent, tab } = await cached((nth) => {
        leave.abort(new Error("enough"));
        return next(nth);
      });
      const grant = tab();
      const left = grant.requestToken({ signal: leave.signal });
      await expect(left).rejects.toThrow("enough");
      expect((await grant.requestToken({})).accessToken).toBe("t1");
      expect(sent).toEqual(["rt1"]);
    });

    test.for([new NoTokenError("no user"), new NetworkError("offline")])(
      "does not send a refresh token again after invalid_grant, also after %s",
      async (error) => {
        const { sent, inner, tab } = await cached(spent);
        inner.requestToken = () => Promise.reject(error);
        const grant = tab();
        const code = error.code === "no_token" ? "refresh_token" : "network";
        await expect(grant.requestToken({})).rejects.toMatchObject({ code });
        await expect(grant.requestToken({})).rejects.toBe(error);
        expect(sent).toEqual(["rt1"]);
      },
    );

    test("a RefreshTokenError deletes the record", async () => {
      const { storage, tab } = await cached((nth) =>
        nth === 1 ? tokens("t1", { user: { sub: "ada", claims: {} } }) : spent(),
      );
      await tab().requestToken({});
      const ended = new RefreshTokenError("id_token");
      const inner = { requestToken: () => Promise.reject(ended) };
      const grant = new CachedGrant(inner, { storage, key: "k" });
      await expect(grant.requestToken({ cache: "reload" })).rejects.toBe(ended);
      expect([...storage.rows.keys()]).toEqual([]);
    });
  });

  test("a call with prompt none does not wait for a dialog, and two other calls share one dialog", async () => {
    const noUser = new NoTokenError("no user");
    let approve: (tokens: TokenSet) => void;
    const inner = scriptedGrant(({ prompt }) =>
      prompt === "none"
        ? Promise.reject(noUser)
        : new Promise<TokenSet>((resolve) => {
            approve = resolve;
          }),
    );
    const grant = new CachedGrant(inner, { storage: mapStorage(), key: "cache" });
    const asked = [grant.requestToken({}), grant.requestToken({})];
    await expect(grant.requestToken({ prompt: "none" })).rejects.toBe(noUser);
    await vi.waitFor(() => expect(inner.asked.map(({ prompt }) => prompt)).toContain(undefined));
    approve!(tokens("approved"));
    expect(await secrets(asked)).toEqual(["approved", "approved"]);
    expect(inner.asked.filter(({ prompt }) => prompt !== "none")).toHaveLength(1);
    expect((await grant.requestToken({ prompt: "none" })).accessToken).toBe("approved");
  });

  test("returns tokens that are hidden in JSON", async () => {
    const { grant } = setUp();
    await grant.requestToken({});
    expect(JSON.stringify(await grant.requestToken({}))).toBe('"TokenSet [redacted]"');
  });
});

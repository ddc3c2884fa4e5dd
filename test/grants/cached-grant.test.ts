import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { contextKey, TokenContext } from "../../src/core/token-context.ts";
import { NetworkError, StorageError } from "../../src/core/errors.ts";
import type { TokenSet } from "../../src/core/token-set.ts";
import { CachedGrant, type CachedGrantConfig } from "../../src/grants/cached-grant.ts";
import { loginAnswer } from "../manager/fixture.ts";
import { mapStorage, scriptedGrant, startClock } from "./support.ts";

const HOUR = 3_600_000;

let clock: ReturnType<typeof startClock>;
beforeEach(() => {
  clock = startClock();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Answers `t1`, `t2`, … that live for an hour and have no refresh token. */
function setUp(changes: Partial<TokenSet> = {}, config: Partial<CachedGrantConfig> = {}) {
  const storage = mapStorage();
  const inner = scriptedGrant((_, nth) => tokens(`t${nth}`, changes));
  const grant = new CachedGrant(inner, { storage, key: "cache", ...config });
  return { storage, inner, grant };
}

function tokens(accessToken: string, changes: Partial<TokenSet> = {}): TokenSet {
  const { refreshToken: _, user: __, ...rest } = loginAnswer();
  return { ...rest, accessToken, expiresAt: Date.now() + HOUR, ...changes };
}

const secrets = async (answers: Promise<TokenSet>[]) =>
  (await Promise.all(answers)).map(({ accessToken }) => accessToken);

describe("a cached grant", () => {
  test("gives what it stored until the token is about to expire", async () => {
    const { grant, inner } = setUp();
    expect((await grant.requestToken({})).accessToken).toBe("t1");
    clock.pass(HOUR - 30_001);
    expect(await grant.requestToken({})).toMatchObject({ accessToken: "t1", scope: ["openid"] });
    clock.pass(1);
    expect((await grant.requestToken({})).accessToken).toBe("t2");
    expect(inner.asked).toHaveLength(2);
  });

  test("remembers a token that lives for less than its leeway", async () => {
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

  test("does not trust the age of a record in a storage that knows no time to live", async () => {
    const { grant, storage } = setUp({}, { maxAgeMs: 1_000 });
    const lasting = mapStorage();
    storage.set = (key, value) => lasting.set(key, value);
    storage.get = (key) => lasting.get(key);
    await grant.requestToken({});
    clock.pass(1_000);
    expect((await grant.requestToken({})).accessToken).toBe("t2");
  });

  test("uses no record from the future: the clock was set back", async () => {
    const { grant } = setUp();
    await grant.requestToken({});
    clock.pass(-1);
    expect((await grant.requestToken({})).accessToken).toBe("t2");
  });

  test("stores the hash of its configuration, and another hash is a miss", async () => {
    const { grant, inner, storage } = setUp({}, { configHash: "one" });
    await grant.requestToken({});
    expect((await grant.requestToken({})).accessToken).toBe("t1");
    const other = new CachedGrant(inner, { storage, key: "cache", configHash: "two" });
    expect((await other.requestToken({})).accessToken).toBe("t2");
    expect(inner.asked[1]).not.toHaveProperty("tokens");
    expect((await other.requestToken({})).accessToken).toBe("t2");
  });

  test("asked to reload asks, with what it has, and stores the answer", async () => {
    const { grant, inner } = setUp();
    await grant.requestToken({});
    expect((await grant.requestToken({ cache: "reload" })).accessToken).toBe("t2");
    expect(inner.asked[1]).toMatchObject({ cache: "reload", tokens: { accessToken: "t1" } });
    expect((await grant.requestToken({})).accessToken).toBe("t2");
  });

  test("has a record for each person, want and context", async () => {
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

  test("keeps a refresh token beyond the end of its access token, and hands it in", async () => {
    const { grant, inner } = setUp({ refreshToken: "rt" });
    await grant.requestToken({});
    clock.pass(HOUR);
    await grant.requestToken({});
    expect(inner.asked[1]!.tokens).toMatchObject({ accessToken: "t1", refreshToken: "rt" });
  });

  test("keeps nothing else beyond it", async () => {
    const { grant, storage } = setUp();
    await grant.requestToken({});
    clock.pass(HOUR);
    expect(await storage.exists([...storage.rows.keys()][0]!)).toBe(false);
  });

  test.for([
    "garbage",
    7,
    {},
    { v: 2, configHash: "", storedAt: 0, tokens: {} },
    { v: 1, configHash: "", storedAt: 0, tokens: { accessToken: 7 } },
    { v: 1, configHash: "", storedAt: "now", tokens: {} },
  ])("sets the corrupt record %o aside and asks", async (corrupt) => {
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
      throw new SyntaxError("an own storage that parses JSON");
    },
  ])("whose storage fails costs a request, never the token", async (fail) => {
    const { grant, storage } = setUp();
    Object.assign(storage, { get: fail, set: fail, delete: fail });
    expect(await secrets([grant.requestToken({}), grant.requestToken({})])).toEqual(["t1", "t2"]);
  });

  test("stores no failure", async () => {
    const error = new NetworkError("offline");
    const inner = scriptedGrant((_, nth) => (nth === 1 ? Promise.reject(error) : tokens("t2")));
    const grant = new CachedGrant(inner, { storage: mapStorage(), key: "cache" });
    await expect(grant.requestToken({})).rejects.toBe(error);
    expect((await grant.requestToken({})).accessToken).toBe("t2");
  });

  test.for([
    { trip: { redirectUri: "x", go: async () => "", close: () => {} } },
    { response: "https://app.example/?code=c" },
  ])(
    "hands %o in untouched, whatever it has, and stores the answer for who it is",
    async (login) => {
      const { grant, inner } = setUp({ user: { sub: "ada", claims: {} } });
      await grant.requestToken({ user: "ada" });
      await grant.requestToken(login);
      expect(inner.asked[1]).toBe(login);
      expect((await grant.requestToken({ user: "ada" })).accessToken).toBe("t2");
      expect((await grant.requestToken({ user: "grace" })).accessToken).toBe("t3");
    },
  );

  test("never gives one person's token to another", async () => {
    const { grant } = setUp({ user: { sub: "ada", claims: {} } });
    await grant.requestToken({ user: "grace" });
    expect((await grant.requestToken({ user: "grace" })).accessToken).toBe("t2");
  });

  test("does not store again what a stored session gave", async () => {
    const { grant, storage } = setUp({ generation: 3 });
    expect(await grant.requestToken({ user: "ada" })).toMatchObject({ generation: 3 });
    expect(storage.rows.size).toBe(0);
  });

  test("leaves with the reason of an aborted signal", async () => {
    const { grant, inner } = setUp();
    const reason = new Error("enough");
    await expect(grant.requestToken({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(inner.asked).toEqual([]);
  });

  test("gives tokens that do not show themselves", async () => {
    const { grant } = setUp();
    await grant.requestToken({});
    expect(JSON.stringify(await grant.requestToken({}))).toBe('"TokenSet [redacted]"');
  });
});

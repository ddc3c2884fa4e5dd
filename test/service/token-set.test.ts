import { inspect } from "node:util";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createTokenManager } from "../../src/compose/create-token-manager.ts";
import { createClient, PasswordGrant, type Client } from "../../src/confidential.ts";
import { tokenSet, type TokenSet } from "../../src/core/token-set.ts";
import { targetKey } from "../../src/core/token-target.ts";
import { CachedGrant } from "../../src/grants/cached-grant.ts";
import { CustomGrant } from "../../src/grants/custom-grant.ts";
import { MemoryTabLock } from "../../src/memory/memory-tab-lock.ts";
import { MemoryTokenStorage } from "../../src/memory/memory-token-storage.ts";
import { WebTokenStorage } from "../../src/browser/storage/web-token-storage.ts";

/** `getTokenSet()`: everything that the server said of a token. */

const NOW = 1_800_000_000_000;
const SECRETS = ["SECRET-at1", "SECRET-at2", "SECRET-rt1", "SECRET-rt2", "SECRET-id1"];

function stopTime(): void {
  vi.useFakeTimers({ now: NOW, toFake: ["Date"] });
  onTestFinished(() => void vi.useRealTimers());
}

/** A client whose server responds with these bodies, one after the other. */
function clientWith(...bodies: object[]): { client: Client; entries: Map<string, unknown> } {
  stopTime();
  const entries = new Map<string, unknown>();
  const client = createClient({
    issuer: "https://id.example.com",
    clientId: "reports",
    authentication: { method: "client_secret_post", clientSecret: "SECRET-7f3a" },
    endpoints: { tokenEndpoint: "https://id.example.com/token" },
    service: "ada",
    storage: new MemoryTokenStorage({ entries }),
    grant: (server) =>
      new PasswordGrant(server, {
        credentials: async () => ({ username: "ada", password: "SECRET-7f3a" }),
      }),
    fetch: async () => Response.json(bodies.shift()),
  });
  return { client, entries };
}

const first = {
  access_token: "SECRET-at1",
  token_type: "bearer",
  expires_in: 60,
  scope: "a b",
  refresh_token: "SECRET-rt1",
  id_token: "SECRET-id1",
  tenant: "t1",
  only_first: true,
};
const second = {
  access_token: "SECRET-at2",
  token_type: "Bearer",
  expires_in: 90,
  refresh_token: "SECRET-rt2",
  tenant: "t2",
};

describe("getTokenSet() of a client", () => {
  test("has the access token, its type, its expiry, its scope and the other members of the response", async () => {
    const { client } = clientWith(first);
    const tokens = await client.getTokenSet();
    expect({ ...tokens }).toEqual({
      accessToken: "SECRET-at1",
      tokenType: "Bearer",
      expiresAt: NOW + 60_000,
      scope: ["a", "b"],
      extra: { tenant: "t1", only_first: true },
    });
    expect(`${tokens.tokenType} ${tokens.accessToken}`).toBe("Bearer SECRET-at1");
  });

  test("has the same members when the token comes from the storage, which keeps them", async () => {
    const { client, entries } = clientWith(first);
    expect({ ...(await client.getTokenSet()) }).toEqual({ ...(await client.getTokenSet()) });
    expect(await client.getToken()).toBe("SECRET-at1");
    expect(JSON.stringify([...entries])).toContain('"extra":{"tenant":"t1","only_first":true}');
  });

  test("has the members of the newest response after a refresh, and no older ones", async () => {
    const { client } = clientWith(first, second);
    await client.getToken();
    await client.forceRefresh();
    const tokens = await client.getTokenSet();
    expect({ ...tokens }).toEqual({
      accessToken: "SECRET-at2",
      tokenType: "Bearer",
      expiresAt: NOW + 90_000,
      // The second response has no scope, so the scope is unchanged.
      scope: ["a", "b"],
      extra: { tenant: "t2" },
    });
  });

  test("has no extra when the newest response has no other members", async () => {
    const { tenant: _, ...bare } = second;
    const { client } = clientWith(first, bare);
    await client.getToken();
    await client.forceRefresh();
    expect(await client.getTokenSet()).not.toHaveProperty("extra");
  });

  test("takes the options and the defaults of getToken()", async () => {
    const asked: string[] = [];
    const client = createClient({
      issuer: "https://id.example.com",
      clientId: "reports",
      authentication: { method: "client_secret_post", clientSecret: "s" },
      endpoints: { tokenEndpoint: "https://id.example.com/token" },
      scope: ["default"],
      fetch: async (_, { body }) => {
        asked.push(new URLSearchParams(body as string).get("scope") ?? "");
        return Response.json({ access_token: "at", token_type: "Bearer" });
      },
    });
    expect((await client.getTokenSet()).scope).toEqual(["default"]);
    expect((await client.getTokenSet({ scope: ["other"] })).scope).toEqual(["other"]);
    await client.getToken({ scope: ["other"] });
    expect(asked).toEqual(["default", "other"]);
  });

  test.for([
    ["JSON.stringify", JSON.stringify],
    ["inspect, as console.log in Node", (value: unknown) => inspect(value, { depth: 9 })],
    ["a template", (value: unknown) => `the tokens: ${String(value)}`],
  ] as const)("shows no token in %s, and never has the refresh token", async ([, show]) => {
    const { client } = clientWith(first, second);
    for (const tokens of [
      await client.getTokenSet(),
      await client.getTokenSet({ cache: "reload" }),
    ]) {
      const text = show({ tokens }) + show(tokens) + show([tokens]);
      for (const secret of SECRETS) expect(text).not.toContain(secret);
      expect(Object.values(tokens)).not.toContain("SECRET-rt1");
      expect(tokens).not.toHaveProperty("refreshToken");
      expect(tokens).not.toHaveProperty("idToken");
    }
  });
});

describe("getTokenSet() of a token manager", () => {
  const give = (changes: Partial<TokenSet>) => async () =>
    tokenSet({
      ...{ accessToken: "at", tokenType: "DPoP", expiresAt: NOW + 60_000, scope: ["a"] },
      ...changes,
    });

  test("has what the provider returned, also from a storage that supports JSON only", async () => {
    stopTime();
    const user = { sub: "ada", claims: { sub: "ada" } };
    const map = new Map<string, string>();
    const storage = new WebTokenStorage(() => ({
      get length() {
        return map.size;
      },
      key: (index) => [...map.keys()][index] ?? null,
      getItem: (key) => map.get(key) ?? null,
      setItem: (key, value) => void map.set(key, value),
      removeItem: (key) => void map.delete(key),
      clear: () => map.clear(),
    }));
    const requestToken = vi.fn(give({ extra: { tenant: { id: 7 } }, user, refreshToken: "rt" }));
    const manager = () =>
      createTokenManager({ provider: { requestToken }, storage, locks: new MemoryTabLock() });
    const fresh = await manager().getTokenSet();
    const stored = await manager().getTokenSet();
    expect({ ...stored }).toEqual({ ...fresh });
    expect({ ...stored }).toEqual({
      ...{ accessToken: "at", tokenType: "DPoP", expiresAt: NOW + 60_000, scope: ["a"], user },
      extra: { tenant: { id: 7 } },
    });
    expect(requestToken).toHaveBeenCalledTimes(1);
  });

  test("an entry whose extra is damaged counts as missing", async () => {
    stopTime();
    const storage = new MemoryTokenStorage();
    const requestToken = vi.fn(give({ extra: { tenant: 1 } }));
    const manager = createTokenManager({
      ...{ provider: { requestToken }, storage, locks: new MemoryTabLock() },
    });
    await manager.getToken();
    const key = `auth_token::${targetKey({})}`;
    await storage.set(key, { ...((await storage.get(key)) as object), extra: "damaged" });
    expect((await manager.getTokenSet()).extra).toEqual({ tenant: 1 });
    expect(requestToken).toHaveBeenCalledTimes(2);
  });

  test("a CachedGrant keeps extra, too", async () => {
    stopTime();
    const requestToken = vi.fn(give({ extra: { tenant: 1 } }));
    const grant = new CachedGrant(new CustomGrant(requestToken), {
      key: "k",
      storage: new MemoryTokenStorage(),
    });
    await grant.requestToken({});
    expect((await grant.requestToken({})).extra).toEqual({ tenant: 1 });
    expect(requestToken).toHaveBeenCalledTimes(1);
  });
});

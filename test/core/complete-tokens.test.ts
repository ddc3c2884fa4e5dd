import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CustomGrant } from "../../src/grants/custom-grant.ts";
import { CachedGrant } from "../../src/grants/cached-grant.ts";
import { StaticGrant } from "../../src/grants/static-grant.ts";
import type { CustomTokens } from "../../src/core/complete-tokens.ts";
import type { Grant, TokenRequest } from "../../src/core/grant.ts";
import type { TokenSet } from "../../src/core/token-set.ts";
import { createTokenManager } from "../../src/compose/create-token-manager.ts";
import { MemoryTabLock } from "../../src/memory/memory-tab-lock.ts";
import { MemoryTokenStorage } from "../../src/memory/memory-token-storage.ts";
import { loginResponse, world } from "../auth/fixture.ts";
import { errorFrom, shown } from "../oidc/support.ts";

/** Tokens that an app's own code returns, in every place that accepts such code. */

const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;
const SECRET = "SECRET-7f3a";
beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A grant of the app that breaks the contract of `Grant`, as JavaScript code and a cast can. */
const returning = (tokens: unknown): Grant => ({ requestToken: async () => tokens as TokenSet });

/** Returns the tokens that an app gets when its code returns `tokens`. */
type Place = (tokens: unknown, request: TokenRequest) => Promise<unknown>;

const PLACES: Readonly<Record<string, Place>> = {
  "a CustomGrant": (tokens, request) =>
    new CustomGrant(async () => tokens as CustomTokens).requestToken(request),
  "a StaticGrant": (tokens, request) =>
    new StaticGrant(tokens as CustomTokens).requestToken(request),
  "a CachedGrant": (tokens, request) =>
    new CachedGrant(returning(tokens), {
      key: "k",
      storage: new MemoryTokenStorage(),
    }).requestToken(request),
  "a token manager": (tokens, request) =>
    createTokenManager({
      provider: returning(tokens),
      storage: new MemoryTokenStorage(),
      locks: new MemoryTabLock(),
    }).getTokenSet({ scope: request.scope ?? [] }),
};

describe.for(Object.entries(PLACES))("tokens of %s", ([name, place]) => {
  test("are completed when they have an access token and its expiry only", async () => {
    const tokens = await place(
      { accessToken: "at", expiresAt: NOW + HOUR },
      { scope: ["invoices:read"] },
    );
    expect({ ...(tokens as TokenSet) }).toEqual({
      accessToken: "at",
      tokenType: "Bearer",
      expiresAt: NOW + HOUR,
      scope: ["invoices:read"],
    });
  });

  test("get an expiry when they have none", async () => {
    const { expiresAt } = (await place({ accessToken: "at" }, {})) as TokenSet;
    expect(expiresAt).toBe(name === "a StaticGrant" ? 8.64e15 : NOW + HOUR / 12);
  });

  test("may have null for a missing member, as JSON has", async () => {
    const tokens = {
      ...{ accessToken: "at", tokenType: null, expiresAt: null, scope: null },
      ...{ refreshToken: null, idToken: null, user: null, extra: null },
    };
    const complete = (await place(tokens, { scope: ["a"] })) as TokenSet;
    expect(complete).toMatchObject({ accessToken: "at", tokenType: "Bearer", scope: ["a"] });
    expect(Object.keys(complete).sort()).toEqual([
      "accessToken",
      "expiresAt",
      "scope",
      "tokenType",
    ]);
  });

  test("never expire later than a Date can say", async () => {
    const tokens = { accessToken: "at", expiresAt: Number.MAX_SAFE_INTEGER };
    const { expiresAt } = (await place(tokens, {})) as TokenSet;
    expect(new Date(expiresAt).toISOString()).toBe("+275760-09-13T00:00:00.000Z");
  });

  const whole = { accessToken: SECRET, expiresAt: NOW + HOUR };
  test.for([
    ["a string token", SECRET, "not an object: string", "accessToken"],
    ["null", null, "not an object: null", "accessToken"],
    ["undefined", undefined, "not an object: undefined", "accessToken"],
    ["an array", [SECRET], "not an object: an array", "accessToken"],
    ["no accessToken", { expiresAt: NOW + HOUR }, "accessToken", "accessToken"],
    ["an empty accessToken", { ...whole, accessToken: "" }, "accessToken", "not empty"],
    ["a blank accessToken", { ...whole, accessToken: " \n" }, "accessToken", "not empty"],
    ["an accessToken that is an object", { ...whole, accessToken: {} }, "accessToken", "string"],
    [
      "the names of the wire",
      { access_token: SECRET, expires_in: 3600 },
      "accessToken",
      "Date.now() + expires_in",
    ],
    ["expiresAt in seconds", { ...whole, expiresAt: NOW / 1000 }, "expiresAt", "milliseconds"],
    ["a lifetime as expiresAt", { ...whole, expiresAt: 3600 }, "expiresAt", "Date.now()"],
    ["a Date as expiresAt", { ...whole, expiresAt: new Date(NOW) }, "expiresAt", "getTime()"],
    ["NaN as expiresAt", { ...whole, expiresAt: Number.NaN }, "expiresAt: NaN", "milliseconds"],
    ["a string as expiresAt", { ...whole, expiresAt: SECRET }, "expiresAt: string", "milliseconds"],
    ["scope as a string", { ...whole, scope: "a b" }, "scope", "list of strings"],
    ["scope as an object", { ...whole, scope: {} }, "scope", "list of strings"],
    ["scope with a number", { ...whole, scope: ["a", 7] }, "scope", "list of strings"],
    ["an empty tokenType", { ...whole, tokenType: "" }, "tokenType", "tokenType"],
    ["a refreshToken that is a number", { ...whole, refreshToken: 7 }, "refreshToken", "omit it"],
    ["an idToken that is an object", { ...whole, idToken: {} }, "idToken", "omit it"],
    ["a user that is a string", { ...whole, user: SECRET }, "user", "omit it"],
    ["a user without sub", { ...whole, user: { name: "Ada" } }, "user", "omit it"],
    ["an empty sub", { ...whole, user: { sub: "" } }, "user", "omit it"],
    [
      "claims that are a string",
      { ...whole, user: { sub: "u", claims: SECRET } },
      "user.claims",
      "",
    ],
    ["a name that is a number", { ...whole, user: { sub: "u", name: 7 } }, "user.name", "omit it"],
    ["authTime as a string", { ...whole, authTime: SECRET }, "authTime", "omit it"],
    ["resources as a string", { ...whole, resources: SECRET }, "resources", "omit it"],
    ["an unknown lifetime", { ...whole, lifetime: SECRET }, "lifetime", "omit it"],
    [
      "the wire name of the lifetime",
      { accessToken: SECRET, expires_in: 3600 },
      "expires_in",
      "Date.now() + expires_in",
    ],
    ["an endless expiresAt", { ...whole, expiresAt: Infinity }, "expiresAt: Infinity", "MAX_SAFE"],
    ["extra that is an array", { ...whole, extra: [SECRET] }, "extra", "omit it"],
  ] as const)("with %s are an error that names the member", async ([, tokens, member, hint]) => {
    const error = await errorFrom(place(tokens, {}));
    expect(error).toMatchObject({ name: "RequestTokenError", code: "request_token" });
    const [message, ...hints] = (error as Error).message.split("\n");
    expect(message).toContain(member);
    expect(hints.join("\n")).toContain(hint);
    expect(shown(error)).not.toContain(SECRET);
    expect(inspect(error)).not.toContain(SECRET);
  });
});

test("a token manager stores no tokens that are wrong, and asks the provider again", async () => {
  const storage = new MemoryTokenStorage();
  const set = vi.spyOn(storage, "set");
  const requestToken = vi.fn(
    async () => ({ accessToken: "at", expiresAt: NOW / 1000 }) as TokenSet,
  );
  const manager = createTokenManager({
    provider: { requestToken },
    storage,
    locks: new MemoryTabLock(),
  });
  await expect(manager.getToken()).rejects.toThrow("expiresAt");
  expect(set).not.toHaveBeenCalled();
  requestToken.mockResolvedValueOnce({ accessToken: "at2", expiresAt: NOW + HOUR } as TokenSet);
  expect(await manager.getToken()).toBe("at2");
});

describe("tokens of a grant of createAuth()", () => {
  const user = { sub: "ada", claims: { sub: "ada" } };
  /** An app's grant that needs no login, or one that logs in with the round trip of `login()`. */
  const GRANTS = {
    "without a login": async (tokens: unknown) => {
      const auth = world().tab(undefined, () => returning(tokens));
      auth.start();
      const token = await auth.getToken({ prompt: "none" });
      return { auth, token };
    },
    "of a login": async (tokens: unknown) => {
      const auth = world().tab(undefined, () => returning(tokens));
      auth.start();
      await auth.login();
      return { auth, token: await auth.getToken({ prompt: "none" }) };
    },
  };

  test.for(Object.entries(GRANTS))("%s are completed", async ([, run]) => {
    const { auth, token } = await run({ accessToken: "at", expiresAt: Date.now() + HOUR, user });
    expect(token).toBe("at");
    expect(auth.state).toMatchObject({
      status: "authenticated",
      token: { scope: [], expiresAt: NOW + HOUR },
    });
  });

  const complete = {
    accessToken: "at",
    tokenType: "Bearer",
    expiresAt: NOW + HOUR,
    scope: ["a"],
    user,
  };

  test("of a login have no refresh token if it is null, and their user has claims", async () => {
    const tokens = { refreshToken: null, user: { sub: "ada", name: null } };
    const grant = { ...returning({ ...complete, ...tokens }), isSilent: false };
    const auth = world().tab(grant);
    auth.start();
    await auth.login();
    expect(auth.state).toMatchObject({ token: { isRenewable: false } });
    expect(await auth.getUser()).toEqual({ sub: "ada", claims: { sub: "ada" } });
  });

  test.for(
    Object.entries(GRANTS).flatMap(([name, run]) => [
      [name, run, "refreshToken", { ...complete, refreshToken: 5 }] as const,
      [name, run, "idToken", { ...complete, idToken: {} }] as const,
      [name, run, "authTime", { ...complete, authTime: "now" }] as const,
      [name, run, "resources", { ...complete, resources: "https://api.example" }] as const,
      [name, run, "lifetime", { ...complete, lifetime: "forever" }] as const,
      [name, run, "user.claims", { ...complete, user: { sub: "ada", claims: [] } }] as const,
      [name, run, "valid user", { ...complete, user: { sub: "" } }] as const,
      [name, run, "expires_in", { accessToken: "at", user, expires_in: 3600 }] as const,
      [name, run, "accessToken", { user, expiresAt: NOW + HOUR }] as const,
      [name, run, "accessToken", { accessToken: "  ", user, expiresAt: NOW + HOUR }] as const,
      [name, run, "expiresAt", { accessToken: "at", user, expiresAt: NOW / 1000 }] as const,
      [name, run, "scope", { accessToken: "at", user, expiresAt: NOW + HOUR, scope: "a" }] as const,
      [name, run, "not an object: null", null] as const,
      [name, run, "not an object: string", "at"] as const,
    ]),
  )("%s are refused, and nothing is stored: %o %s", async ([, run, member, tokens]) => {
    await expect(run(tokens)).rejects.toMatchObject({
      name: "RequestTokenError",
      message: expect.stringContaining(member),
    });
  });

  test("the default grant's tokens pass unchanged", async () => {
    const me = world();
    me.navigate = async () => "https://app.example/callback?code=c&state=s";
    const exchange = vi.fn(async () => loginResponse());
    Object.assign(me.server, { exchange });
    const auth = me.tab();
    auth.start();
    await auth.login();
    expect(await auth.getToken()).toBe("at1");
    expect(exchange).toHaveBeenCalledTimes(1);
  });
});

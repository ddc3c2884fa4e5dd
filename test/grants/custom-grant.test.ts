import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { TokenRequest } from "../../src/core/grant.ts";
import { NoTokenError } from "../../src/core/errors.ts";
import { contextKey, TokenContext } from "../../src/core/token-context.ts";
import { CachedGrant } from "../../src/grants/cached-grant.ts";
import { RefreshGrant } from "../../src/grants/refresh-grant.ts";
import { StaticGrant } from "../../src/grants/static-grant.ts";
import { TokenExchangeGrant } from "../../src/grants/token-exchange-grant.ts";
import { loginResponse } from "../auth/fixture.ts";
import { mapStorage, scriptedGrant, startClock } from "./support.ts";
import type { CustomTokens } from "../../src/core/complete-tokens.ts";
import { CustomGrant } from "../../src/grants/custom-grant.ts";

const MINUTE = 60_000;

let clock: ReturnType<typeof startClock>;
beforeEach(() => {
  clock = startClock();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a custom grant", () => {
  test("returns the tokens of a function, such as a command, and adds defaults", async () => {
    const command = vi.fn(async () => ({ accessToken: "external" }));
    const request = { scope: ["a"], user: "ada" };
    expect(await new CustomGrant(command).requestToken(request)).toEqual({
      accessToken: "external",
      tokenType: "Bearer",
      expiresAt: Date.now() + 5 * MINUTE,
      scope: ["a"],
    });
    expect(command).toHaveBeenCalledWith(request);
  });

  test("renames the members of a response with the app's function, and keeps the others in extra", async () => {
    const response = { jwt: "j1", kind: "Token", ttl: 60, rights: "a b", renew: "r1", tenant: 7 };
    const grant = new CustomGrant(async () => {
      const { jwt, kind, ttl, rights, renew, ...extra } = response;
      const expiresAt = Date.now() + ttl * 1_000;
      const scope = rights.split(" ");
      return { accessToken: jwt, tokenType: kind, expiresAt, scope, refreshToken: renew, extra };
    });
    expect({ ...(await grant.requestToken({})) }).toEqual({
      accessToken: "j1",
      tokenType: "Token",
      expiresAt: Date.now() + MINUTE,
      scope: ["a", "b"],
      refreshToken: "r1",
      extra: { tenant: 7 },
    });
  });

  test("returns all members that the function gives, and hides them in JSON", async () => {
    const full = loginResponse({ scope: ["x"] });
    const response = await new CustomGrant(async () => full).requestToken({ scope: ["a"] });
    expect({ ...response }).toEqual({ ...full });
    expect(JSON.stringify(response)).toBe('"TokenSet [redacted]"');
  });

  test.for([undefined, null, {}, { accessToken: "" }, { accessToken: 7 }])(
    "rejects %o as tokens",
    async (value) => {
      const grant = new CustomGrant(async () => value as unknown as CustomTokens);
      await expect(grant.requestToken({})).rejects.toMatchObject({ code: "request_token" });
    },
  );

  test.for([Number.NaN, Infinity, "soon"])("rejects %o as expiresAt", async (expiresAt) => {
    const tokens = { accessToken: "a", expiresAt } as CustomTokens;
    await expect(new CustomGrant(async () => tokens).requestToken({})).rejects.toMatchObject({
      code: "request_token",
      hint: expect.stringContaining("milliseconds"),
    });
  });

  test("rejects with what the function throws", async () => {
    const error = new Error("the app's own");
    await expect(new CustomGrant(() => Promise.reject(error)).requestToken({})).rejects.toBe(error);
  });

  test("rejects when the signal is aborted, even if the function ignores the signal", async () => {
    const leave = new AbortController();
    const grant = new CustomGrant(() => new Promise(() => {}));
    const left = grant.requestToken({ signal: leave.signal });
    const reason = new Error("enough");
    leave.abort(reason);
    await expect(left).rejects.toBe(reason);
    await expect(grant.requestToken({ signal: leave.signal })).rejects.toBe(reason);
  });
});

describe("a static grant", () => {
  test("returns its token for every request, also after a long time", async () => {
    const grant = new StaticGrant({ accessToken: "fixed" });
    clock.pass(1e12);
    const response = await grant.requestToken({ cache: "reload" });
    expect(response.accessToken).toBe("fixed");
    expect(response.expiresAt).toBeGreaterThan(Date.now());
  });

  test("rejects without an access token", async () => {
    await expect(new StaticGrant({ accessToken: "" }).requestToken({})).rejects.toMatchObject({
      code: "request_token",
    });
  });
});

test("a pipeline of several steps repeats only the steps whose tokens have expired", async () => {
  const storage = mapStorage();
  const steps: string[] = [];
  const requestTokens = async ({ audience, subject_token }: Record<string, unknown>) => {
    steps.push(`${String(audience)} for ${String(subject_token)}`);
    return loginResponse({
      accessToken: `${String(audience)}${steps.length}`,
      expiresAt: Date.now() + (audience === "gateway" ? 30 : 5) * MINUTE,
      issuedTokenType: "urn:ietf:params:oauth:token-type:access_token",
    });
  };
  // The app exchanges the token of its login for the gateway's token, and the gateway's token for each service's token.
  const login = new CachedGrant(
    new CustomGrant(async () => {
      steps.push("login");
      return { accessToken: `login${steps.length}`, expiresAt: Date.now() + 8 * 60 * MINUTE };
    }),
    { storage, key: "login", maxAgeMs: 60 * MINUTE },
  );
  const gateway = new CachedGrant(
    new TokenExchangeGrant(login, { requestTokens }, { audience: "gateway" }),
    { storage, key: "gateway" },
  );
  const service = new CachedGrant(new TokenExchangeGrant(gateway, { requestTokens }), {
    storage,
    key: "service",
  });
  const ask = async (audience: string) => {
    steps.length = 0;
    return (await service.requestToken({ audience })).accessToken;
  };

  expect(await ask("orders")).toBe("orders3");
  expect(steps).toEqual(["login", "gateway for login1", "orders for gateway2"]);
  expect(await ask("orders")).toBe("orders3");
  expect(steps).toEqual([]);
  await ask("stock");
  expect(steps).toEqual(["stock for gateway2"]);
  clock.pass(10 * MINUTE);
  await ask("orders");
  expect(steps).toEqual(["orders for gateway2"]);
  clock.pass(25 * MINUTE);
  await ask("orders");
  expect(steps).toEqual(["gateway for login1", "orders for gateway1"]);
  clock.pass(30 * MINUTE);
  await ask("orders");
  expect(steps).toEqual(["login", "gateway for login1", "orders for gateway2"]);
});

test("the caller's context reaches every grant of a chain, typed", async () => {
  const TENANT = contextKey<{ id: string }>("tenant");
  const ATTEMPT = contextKey<number>("tenant");
  const custom = new CustomGrant(async ({ context }) => {
    const tenant: { id: string } | undefined = context?.get(TENANT);
    return { accessToken: `${tenant?.id}/${context?.get(ATTEMPT)}` };
  });
  const refresher = {
    refresh: () => Promise.reject(new NoTokenError("no user is signed in")),
    prepare: async () => {},
  };
  const seen: (TokenContext | undefined)[] = [];
  const watching = scriptedGrant((request) => {
    seen.push(request.context);
    return custom.requestToken(request);
  });
  const chain = new CachedGrant(new RefreshGrant(watching, { refresher }), {
    storage: mapStorage(),
    key: ({ context }: TokenRequest) => `cache/${context?.get(TENANT)?.id}`,
  });
  const context = TokenContext.of(TENANT, { id: "acme" });
  const more = context.with(ATTEMPT, 2);

  expect((await chain.requestToken({ user: "ada", context: more })).accessToken).toBe("acme/2");
  expect(seen).toEqual([more]);
  // Two keys with one name are different keys, and `with()` does not change its context.
  expect([context.get(TENANT), context.get(ATTEMPT)]).toEqual([{ id: "acme" }, undefined]);
  // @ts-expect-error a key's values have its type
  TokenContext.of(TENANT, "acme");
});

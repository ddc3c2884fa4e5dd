import { beforeEach, describe, expect, test } from "vitest";
import type { TokenRecord } from "../../src/core/session.ts";
import { targetKey } from "../../src/core/token-target.ts";
import {
  createLazyServer,
  type LazyServer,
  type LazyServerConfig,
} from "../../src/compose/lazy-server.ts";
import { CLIENT, fakeFetch, ISSUER, json, shown, testClock, testRequests } from "./support.ts";
import { exportJWK, generateKeyPair, SignJWT, base64url } from "jose";

/** Refreshed ID tokens: the claims are validated on arrival, the signature once keys are there. */

const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
const stranger = await generateKeyPair("ES256");
const newer = await generateKeyPair("ES256", { extractable: true });
const JWK = { ...(await exportJWK(publicKey)), kid: "k1" };

let clock = testClock();
let keys: () => Response;
let body: Record<string, unknown>;
let fetch = fakeFetch(serve);
let lazyServer: LazyServer;
/** When the user logged in. Seconds since the epoch. */
let loginAt: number;

beforeEach(async () => {
  clock = testClock();
  loginAt = clock.now() / 1000;
  keys = () => json({ keys: [JWK] });
  fetch = fakeFetch(serve);
  lazyServer = start();
  await lazyServer.send.prepare();
});

function start(more: Partial<LazyServerConfig> = {}): LazyServer {
  return createLazyServer({
    issuer: ISSUER,
    clientId: CLIENT,
    requests: testRequests(),
    clock,
    fetch,
    ...more,
  });
}

async function serve({ url }: { url: string }): Promise<Response> {
  if (url.endsWith("/jwks")) return keys();
  if (url.endsWith("/openid-configuration")) {
    return json({
      issuer: ISSUER,
      authorization_endpoint: `${ISSUER}/authorize`,
      token_endpoint: `${ISSUER}/token`,
      jwks_uri: `${ISSUER}/jwks`,
    });
  }
  return json({
    access_token: "SECRET-at2",
    token_type: "Bearer",
    expires_in: 60,
    refresh_token: "rt2",
    ...body,
  });
}

function claims(more: Record<string, unknown> = {}): Record<string, unknown> {
  const now = clock.now() / 1000;
  return { iss: ISSUER, aud: CLIENT, sub: "alice", iat: now, exp: now + 600, ...more };
}

const sign = (payload: Record<string, unknown>, key = privateKey) =>
  new SignJWT(payload).setProtectedHeader({ alg: "ES256", kid: "k1" }).sign(key);

const record = (more: Partial<TokenRecord> = {}): TokenRecord => ({
  refreshToken: "rt1",
  idTokenVerified: true,
  user: { sub: "alice", claims: claims({ iat: loginAt, exp: loginAt + 600, nonce: "n" }) },
  authTime: loginAt,
  access: {},
  ...more,
});

async function refresh(idToken: unknown, previous = record(), by = lazyServer) {
  body = { ...body, id_token: idToken };
  const response = await by.send.send(previous, targetKey({}));
  // The first send only reads the metadata.
  return response.type === "moved" ? by.send.send(previous, targetKey({})) : response;
}

const later = async (seconds: number, more: Record<string, unknown> = {}) => {
  clock.add(seconds * 1000);
  return sign(claims(more));
};

beforeEach(() => {
  body = {};
});

describe("the claims of a refreshed ID token", () => {
  test.each<[string, Record<string, unknown>]>([
    ["sub", { sub: "bob" }],
    ["sub", { sub: undefined }],
    ["sub", { sub: 7 }],
    ["iss", { iss: "https://evil.example" }],
    ["iss", { iss: `${ISSUER}/` }],
    ["aud", { aud: "another" }],
    ["aud", { aud: [] }],
    ["azp", { azp: "another" }],
    ["azp", { aud: [CLIENT, "another"] }],
    ["auth_time", { auth_time: 1 }],
    ["nonce", { nonce: "another" }],
    ["exp", { exp: 1 }],
    ["exp", { exp: "later" }],
    ["iat", { iat: undefined }],
  ])(
    "B1: a wrong %s discards everything in the response except the refresh token",
    async (claim, more) => {
      const response = await refresh(await later(60, more));
      expect(response).toEqual({ type: "invalid_id_token", claim, refreshToken: "rt2" });
      // The claims need no key, so there is no request after the response.
      expect(fetch.sent.at(-1)!.url).toBe(`${ISSUER}/token`);
      expect(fetch.sent.map(({ url }) => url)).not.toContain(`${ISSUER}/jwks`);
    },
  );

  const encode = (text: string) => base64url.encode(text);
  const header = encode('{"alg":"ES256"}');
  test.each([
    ["rubbish", "header"],
    ["a.b", "header"],
    [`${header}.${encode("{}")}`, "header"],
    [`${header}.%%%.x`, "payload"],
    [`${header}.${encode("no JSON")}.x`, "payload"],
    [`${header}.${encode("[]")}.x`, "payload"],
    [`${header}.${encode('"text"')}.x`, "payload"],
    [`${header}.${encode("null")}.x`, "payload"],
    [`${encode('{"alg":"none"}')}.${encode("{}")}.`, "alg"],
    [`${encode('{"alg":"HS256"}')}.${encode("{}")}.x`, "alg"],
  ])("B1: %s is no ID token", async (idToken, claim) => {
    expect(await refresh(idToken)).toEqual({
      type: "invalid_id_token",
      claim,
      refreshToken: "rt2",
    });
  });

  test("B1: an old ID token that has expired is refused", async () => {
    const old = { iat: loginAt - 7200, exp: loginAt - 3600 };
    expect(await refresh(await later(60, old))).toMatchObject({ claim: "exp" });
    const justExpired = { iat: loginAt - 1000, exp: loginAt + 60 - 301 };
    expect(await refresh(await later(0, justExpired))).toMatchObject({ claim: "exp" });
  });

  test("B1: the ID token of the login is accepted again until it has expired", async () => {
    const idToken = await sign(claims({ nonce: "n" }));
    const previous = record({ idToken });
    clock.add(600_000);
    expect(await refresh(idToken, previous)).toMatchObject({ type: "tokens" });
    clock.add(300_000);
    expect(await refresh(idToken, previous)).toMatchObject({ claim: "exp" });
  });

  test.each([
    ["a day fast", 86_400],
    ["a day slow", -86_400],
    ["corrected by six minutes", 360],
  ])("B1: keeps the session when this device's clock is %s since the login", async (_, seconds) => {
    const idToken = await later(60);
    clock.add(seconds * 1000);
    expect((await refresh(idToken)).type).toBe("tokens");
  });

  test.each([
    ["an hour fast and was corrected", -3600],
    ["a day fast and was corrected", -86_400],
    ["a minute fast and was corrected", -60],
  ])("B3: keeps the session when the server's clock was %s", async (_, seconds) => {
    const iat = loginAt + 60;
    const user = { sub: "alice", claims: claims({ iat: iat - seconds, nonce: "n" }) };
    const idToken = await later(60, { iat, exp: iat + 600 });
    expect((await refresh(idToken, record({ user }))).type).toBe("tokens");
  });

  test("B3: accepts a changed auth_time only when that is configured", async () => {
    const lenient = start({ authTimeOnRefresh: "ignore" });
    await lenient.send.prepare();
    const idToken = await later(60, { auth_time: loginAt + 60 });
    expect(await refresh(idToken)).toMatchObject({ claim: "auth_time" });
    expect((await refresh(idToken, record(), lenient)).type).toBe("tokens");
    const stored = record({ idToken });
    expect(await lenient.send.verify(stored, "fetched")).toMatchObject({
      type: "valid",
      authTime: loginAt + 60,
    });
    expect(await refresh(await later(0, { sub: "bob" }), record(), lenient)).toMatchObject({
      claim: "sub",
    });
  });

  test.each([
    ["the login's nonce", { nonce: "n" }],
    ["no nonce", {}],
  ])("B2: accepts an ID token with %s", async (_, more) => {
    expect((await refresh(await later(60, more))).type).toBe("tokens");
  });

  test("B2: keeps the login's nonce after a refresh without a nonce", async () => {
    const idToken = await later(60, { name: "Alice" });
    const validation = await lazyServer.send.verify(record({ idToken }), "fetched");
    const user = validation.type === "valid" ? validation.user : undefined;
    expect(user!.claims).toMatchObject({ nonce: "n", name: "Alice" });
    const next = await later(60, { nonce: "another" });
    expect(await refresh(next, record({ user: user! }))).toMatchObject({ claim: "nonce" });
  });

  test("B2: accepts any nonce when the login's nonce is unknown", async () => {
    const user = { sub: "alice", claims: { sub: "alice" } };
    expect((await refresh(await later(60, { nonce: "x" }), record({ user }))).type).toBe("tokens");
  });

  test("B1: ignores the ID token of a server without keys", async () => {
    const plain = start({
      endpoints: {
        authorizationEndpoint: `${ISSUER}/authorize`,
        tokenEndpoint: `${ISSUER}/token`,
      },
    });
    await plain.send.prepare();
    expect(await refresh("rubbish", record(), plain)).toMatchObject({
      type: "tokens",
      tokens: { idToken: undefined },
    });
  });

  test("B13: wrong claims are refused also when the access token is unusable", async () => {
    body = { token_type: "mac" };
    expect(await refresh(await later(60))).toMatchObject({ type: "unusable" });
    const response = await refresh(await later(60, { sub: "bob" }));
    expect(response).toEqual({ type: "invalid_id_token", claim: "sub", refreshToken: "rt2" });
    expect(shown(response)).not.toContain("SECRET");
  });
});

describe("the signature of a refreshed ID token", () => {
  const stored = async (key = privateKey) => record({ idToken: await sign(claims(), key) });

  test("B1: is not validated without network before the keys were fetched", async () => {
    expect(await lazyServer.send.verify(await stored(), "cached")).toEqual({ type: "unknown" });
    expect(fetch.sent).toHaveLength(0);
    expect(await lazyServer.send.verify(await stored(), "fetched")).toMatchObject({
      type: "valid",
    });
    keys = () => Response.error();
    expect(await lazyServer.send.verify(await stored(), "cached")).toMatchObject({ type: "valid" });
    expect(fetch.sent).toHaveLength(2);
  });

  test("B1: is invalid by cached keys, also while newer keys cannot be fetched", async () => {
    await lazyServer.send.verify(await stored(), "fetched");
    const bad = { type: "invalid", claim: "signature" };
    expect(await lazyServer.send.verify(await stored(stranger.privateKey), "cached")).toEqual(bad);
    keys = () => json({}, 503);
    clock.add(60_000);
    expect(await lazyServer.send.verify(await stored(stranger.privateKey), "cached")).toEqual(bad);
  });

  test("B1: is valid by a new key that has the kid of a cached key", async () => {
    await lazyServer.send.verify(await stored(), "fetched");
    const jwk = { ...(await exportJWK(newer.publicKey)), kid: "k1" };
    keys = () => json({ keys: [jwk] });
    expect(await lazyServer.send.verify(await stored(newer.privateKey), "cached")).toMatchObject({
      type: "valid",
    });
  });

  test("B1: is unknown when its key is not cached, and causes no request", async () => {
    await lazyServer.send.verify(await stored(), "fetched");
    const before = fetch.sent.length;
    const idToken = await new SignJWT(claims())
      .setProtectedHeader({ alg: "ES256", kid: "k2" })
      .sign(newer.privateKey);
    expect(await lazyServer.send.verify(record({ idToken }), "cached")).toEqual({
      type: "unknown",
    });
    expect(fetch.sent).toHaveLength(before);
  });

  test("B1: is validated with cached keys of the last day, and not with older ones", async () => {
    await lazyServer.send.verify(await stored(), "fetched");
    keys = () => json({}, 503);
    clock.add(86_399_000);
    expect(await lazyServer.send.verify(await stored(), "cached")).toMatchObject({ type: "valid" });
    clock.add(1_000);
    expect(await lazyServer.send.verify(await stored(), "cached")).toEqual({ type: "unknown" });
  });
});

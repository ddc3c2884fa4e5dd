import {
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  jwtVerify,
  SignJWT,
} from "jose";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Endpoints } from "../../src/core/endpoints.ts";
import type { ClientAuthentication } from "../../src/core/client-authentication.ts";
import type { TokenRecord } from "../../src/core/session.ts";
import { targetKey } from "../../src/core/token-target.ts";
import { createLazyServer, type LazyServerConfig } from "../../src/compose/lazy-server.ts";
import {
  CLIENT,
  errorFrom,
  fakeFetch,
  ISSUER,
  json,
  REDIRECT,
  shown,
  testClock,
  testRequests,
  type Sent,
} from "./support.ts";

const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
const stranger = await generateKeyPair("ES256");
const JWK = { ...(await exportJWK(publicKey)), kid: "k1" };
const ENDPOINTS = {
  authorizationEndpoint: `${ISSUER}/authorize`,
  tokenEndpoint: `${ISSUER}/token`,
  userinfoEndpoint: `${ISSUER}/userinfo`,
  deviceAuthorizationEndpoint: `${ISSUER}/device`,
  revocationEndpoint: `${ISSUER}/revoke`,
};
const OPENID: Endpoints = { ...ENDPOINTS, jwksUri: `${ISSUER}/jwks` };

let clock = testClock();
let requests = testRequests();
let tokenResponse: Record<string, unknown> = {};
let special: ((sent: Sent) => Response) | undefined;
const fetch = fakeFetch((sent) => {
  if (sent.url === OPENID.jwksUri) return json({ keys: [JWK] });
  if (special) return special(sent);
  return json({ access_token: "at1", token_type: "bearer", ...tokenResponse });
});

beforeEach(() => {
  clock = testClock();
  requests = testRequests();
  tokenResponse = {};
  special = undefined;
  fetch.sent.length = 0;
});

const start = (more: Partial<LazyServerConfig> = {}) =>
  createLazyServer({
    issuer: ISSUER,
    clientId: CLIENT,
    scope: ["api"],
    endpoints: ENDPOINTS,
    requests,
    clock,
    fetch,
    ...more,
  });
const form = (index = 0) => new URLSearchParams(fetch.sent[index]!.init.body as string);
const header = (name: string, index = 0) => new Headers(fetch.sent[index]!.init.headers).get(name);

function idToken(more: Record<string, unknown> = {}, key = privateKey): Promise<string> {
  const now = Math.floor(clock.now() / 1000);
  return new SignJWT({ iss: ISSUER, aud: CLIENT, sub: "alice", iat: now, exp: now + 60, ...more })
    .setProtectedHeader({ alg: "ES256", kid: "k1" })
    .sign(key);
}

describe("a token request of any grant", () => {
  test("sends its parameters and the client ID, repeats lists and omits empty values", async () => {
    tokenResponse = { expires_in: 60, scope: "b", refresh_token: "rt1" };
    const tokens = await start().server.requestTokens({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: "st",
      resource: ["https://a.example", "https://b.example", ""],
      audience: "",
      scope: undefined,
    });
    expect([...form()]).toEqual([
      ["grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"],
      ["subject_token", "st"],
      ["resource", "https://a.example"],
      ["resource", "https://b.example"],
      ["client_id", CLIENT],
    ]);
    expect({ ...tokens }).toEqual({
      accessToken: "at1",
      tokenType: "Bearer",
      expiresAt: clock.now() + 60_000,
      scope: ["b"],
      refreshToken: "rt1",
    });
    expect(JSON.stringify(tokens)).toBe('"TokenSet [redacted]"');
  });

  test("has the requested scope when the response names none", async () => {
    const { server } = start();
    const scope = async (asked?: string | string[], assumed?: string[]) =>
      (
        await server.requestTokens(
          { grant_type: "client_credentials", scope: asked },
          { scope: assumed },
        )
      ).scope;
    expect(await scope("a  b")).toEqual(["a", "b"]);
    expect(await scope(["a b", "c"])).toEqual(["a", "b", "c"]);
    expect(await scope()).toEqual([]);
    expect(await scope("a", ["a", "b"])).toEqual(["a", "b"]);
  });

  test("is sent to another token endpoint if one is given, which must be an https URL", async () => {
    const { server } = start();
    const to = (tokenEndpoint: string) =>
      server.requestTokens({ grant_type: "password" }, { tokenEndpoint });
    await to("https://login.example/t");
    expect(fetch.sent.map(({ url }) => url)).toEqual(["https://login.example/t"]);
    for (const bad of ["/token", "http://id.example.com/t", "https://id.example.com/t#x", ""]) {
      expect(await errorFrom(to(bad))).toMatchObject({
        code: "configuration",
        input: "tokenEndpoint",
      });
    }
    expect(fetch.sent).toHaveLength(1);
  });

  test("validates the ID token and returns its user", async () => {
    tokenResponse = { id_token: await idToken({ name: "Alice", auth_time: 5 }) };
    const { server } = start({ endpoints: OPENID });
    expect(await server.requestTokens({ grant_type: "x" })).toMatchObject({
      idToken: tokenResponse["id_token"],
      user: { sub: "alice", name: "Alice" },
      authTime: 5,
    });
  });

  test.each([
    ["for another client", { aud: "other" }, "aud"],
    ["of another issuer", { iss: "https://evil.example" }, "iss"],
    ["without a sub", { sub: undefined }, "sub"],
    ["that is expired", { exp: 1_799_999_000 }, "exp"],
    ["from tomorrow", { iat: 1_800_086_400 }, "iat"],
    ["with another token's at_hash", { at_hash: "x" }, "at_hash"],
  ])("rejects an ID token %s", async (_, more, claim) => {
    tokenResponse = { id_token: await idToken(more) };
    const asked = start({ endpoints: OPENID }).server.requestTokens({ grant_type: "x" });
    const error = await errorFrom(asked);
    expect(error).toMatchObject({ code: "id_token", claim });
    expect(shown(error)).not.toMatch(/eyJ|at1/);
  });

  test("rejects an ID token that another key signed", async () => {
    tokenResponse = { id_token: await idToken({}, stranger.privateKey) };
    const asked = start({ endpoints: OPENID }).server.requestTokens({ grant_type: "x" });
    expect(await errorFrom(asked)).toMatchObject({ code: "id_token", claim: "signature" });
  });

  test("shows no secret that the server repeats, from any parameter and in any encoding", async () => {
    special = ({ init, body }) =>
      json(
        {
          error: `oh ${body["password"]}`,
          error_description: `${Object.values(body).join()} ${new URLSearchParams(init.body as string).toString()} ${new Headers(init.headers).get("authorization")}`,
          error_uri: `https://id.example.com/?${body["otp"]}`,
        },
        400,
      );
    const secrets = ["password", "otp", "assertion", "subject_token", "device_code", "code"];
    const parameters = Object.fromEntries(secrets.map((name) => [name, `S&CRET+/ ${name}`]));
    for (const method of ["client_secret_basic", "client_secret_post"] as const) {
      const { server } = start({ authentication: { method, clientSecret: "S&CRET+/ mine" } });
      const asked = server.requestTokens({ grant_type: "x", scope: "visible", ...parameters });
      const error = await errorFrom(asked);
      expect(error["errorDescription"]).toContain("visible");
      expect(shown(error)).not.toMatch(/S(&|%26)CRET/);
      expect(shown(error)).not.toContain(btoa(`${CLIENT}:S%26CRET%2B%2F+mine`));
    }
  });

  test("keeps the server's error code when the password is a part of it", async () => {
    special = () => json({ error: "invalid_grant", error_description: "not grant2" }, 400);
    const { server } = start();
    const asked = (password: string) =>
      errorFrom(server.requestTokens({ grant_type: "password", password }));
    expect(await asked("grant")).toMatchObject({ error: "invalid_grant" });
    expect(await asked("_")).toMatchObject({ error: "invalid_grant" });
    expect(await asked("grant2")).toMatchObject({ errorDescription: "not [redacted]" });
  });

  test("an aborted signal rejects with its reason, and nothing is sent", async () => {
    const reason = new Error("aborted");
    const signal = AbortSignal.abort(reason);
    const { server } = start();
    await expect(server.requestTokens({ grant_type: "x" }, { signal })).rejects.toBe(reason);
    await expect(server.authorizeDevice({}, signal)).rejects.toBe(reason);
    await expect(server.userinfo("at", signal)).rejects.toBe(reason);
    expect(fetch.sent).toHaveLength(0);
  });
});

describe("a server with configured endpoints", () => {
  const login = async (endpoints: Endpoints, scope = ["repo"]) => {
    const { server } = start({ endpoints, scope });
    const url = new URL(await server.authorize({ redirectUri: REDIRECT, scope: ["gist"] }));
    const state = encodeURIComponent(url.searchParams.get("state")!);
    return { server, query: url.searchParams, response: `${REDIRECT}?code=c1&state=${state}` };
  };

  test("without keys gets no openid and no nonce, and its ID token is ignored", async () => {
    tokenResponse = { scope: "repo,gist", id_token: await idToken({}, stranger.privateKey) };
    const { server, query, response } = await login(ENDPOINTS);
    expect(query.get("scope")).toBe("repo gist");
    expect(query.has("nonce")).toBe(false);
    expect(query.get("code_challenge_method")).toBe("S256");
    const tokens = await server.exchange(response);
    expect({ ...tokens }).toEqual({
      accessToken: "at1",
      tokenType: "Bearer",
      // The response has neither `expires_in` nor a refresh token: ten years.
      expiresAt: clock.now() + 315_360_000_000,
      scope: ["repo", "gist"],
      asked: { scope: ["gist"] },
    });
    expect(fetch.sent.map(({ url }) => url)).toEqual([ENDPOINTS.tokenEndpoint]);
  });

  test("with a refresh token has a default lifetime of five minutes", async () => {
    tokenResponse = { refresh_token: "rt1" };
    const { server, response } = await login(ENDPOINTS);
    expect((await server.exchange(response)).expiresAt).toBe(clock.now() + 300_000);
    const grant_type = "client_credentials";
    tokenResponse = {};
    expect((await server.requestTokens({ grant_type })).expiresAt).toBe(clock.now() + 300_000);
  });

  test("with keys is an OpenID provider", async () => {
    const { server, query, response } = await login(OPENID);
    expect(query.get("scope")).toBe("openid repo gist");
    expect(query.get("nonce")).toMatch(/^[\w-]{43}$/);
    tokenResponse = { id_token: await idToken({ nonce: query.get("nonce") }) };
    expect((await server.exchange(response)).user?.sub).toBe("alice");
    tokenResponse = {};
    const again = await login(OPENID);
    expect(await errorFrom(again.server.exchange(again.response))).toMatchObject({
      code: "id_token",
      claim: "id_token",
    });
  });

  test("without keys refreshes, and its ID tokens are not stored", async () => {
    tokenResponse = { expires_in: 60, refresh_token: "rt2", id_token: "of.no.use" };
    const record: TokenRecord = {
      refreshToken: "rt1",
      idTokenVerified: true,
      user: { sub: "alice", claims: {} },
      access: {},
    };
    const { send } = start();
    await send.prepare();
    expect(await send.send(record, targetKey({}))).toMatchObject({
      type: "tokens",
      tokens: { refreshToken: "rt2", idToken: undefined },
    });
    // An ID token that an older version stored.
    expect(await send.verify({ ...record, idToken: "of.no.use" }, "fetched")).toEqual({
      type: "valid",
      user: record.user,
      authTime: undefined,
    });
  });

  test.each([
    ["tokenEndpoint", { tokenEndpoint: "/token" }],
    ["authorizationEndpoint", { authorizationEndpoint: "javascript:alert(1)" }],
    ["jwksUri", { jwksUri: "http://id.example.com/jwks" }],
    ["revocationEndpoint", { revocationEndpoint: "https://id.example.com/r#x" }],
    ["endSessionEndpoint", { endSessionEndpoint: "data:text/html,x" }],
    ["userinfoEndpoint", { userinfoEndpoint: "" }],
    ["deviceAuthorizationEndpoint", { deviceAuthorizationEndpoint: 7 }],
  ])("with an invalid %s rejects before any request", async (name, bad) => {
    const endpoints = { ...ENDPOINTS, ...bad } as unknown as Endpoints;
    const { server } = start({ endpoints });
    for (const call of [
      () => server.authorize({ redirectUri: REDIRECT }),
      () => server.requestTokens({ grant_type: "x" }),
      () => server.authorizeDevice({}),
      () => server.userinfo("at"),
      () => server.revoke("rt"),
    ]) {
      expect(await errorFrom(call())).toMatchObject({
        code: "configuration",
        input: `endpoints.${name}`,
      });
    }
    expect(fetch.sent).toHaveLength(0);
  });

  test("on localhost needs no https", async () => {
    const { server } = start({
      endpoints: { ...ENDPOINTS, tokenEndpoint: "http://localhost:8080/token" },
    });
    expect((await server.requestTokens({ grant_type: "x" })).accessToken).toBe("at1");
  });

  test("with a missing endpoint names it, and says what to do", async () => {
    const { authorizationEndpoint, tokenEndpoint } = ENDPOINTS;
    const { server } = start({ endpoints: { authorizationEndpoint, tokenEndpoint } });
    expect(await errorFrom(server.authorizeDevice({}))).toMatchObject({
      code: "device_code",
      reason: "unsupported",
      hint: expect.stringContaining("deviceAuthorizationEndpoint"),
    });
    expect(await errorFrom(server.userinfo("at"))).toMatchObject({
      code: "user_fetch",
      isFinal: false,
      hint: expect.stringContaining("userinfoEndpoint"),
    });
    await server.revoke("rt1");
    expect(await server.endSession({})).toBeUndefined();
    expect(fetch.sent).toHaveLength(0);
  });
});

describe("a request for a device code", () => {
  const device = { device_code: "dc", user_code: "AB", verification_uri: `${ISSUER}/activate` };

  test("names the scopes of a login and of the target", async () => {
    special = () => json(device);
    const target = { scope: ["api", "mail"], resource: "https://r.example", audience: "aud" };
    const got = await start({ endpoints: OPENID }).server.authorizeDevice(target);
    expect([...form()]).toEqual([
      ["scope", "openid api mail"],
      ["resource", "https://r.example"],
      ["audience", "aud"],
      ["client_id", CLIENT],
    ]);
    expect(got).toEqual({
      deviceCode: "dc",
      userCode: "AB",
      verificationUri: `${ISSUER}/activate`,
      expiresAt: clock.now() + 300_000,
      intervalMs: 5_000,
      scope: ["openid", "api", "mail"],
    });
  });

  test("E3: that is refused with invalid_scope has a hint about openid", async () => {
    special = () => json({ error: "invalid_scope" }, 400);
    const rejected = await errorFrom(start({ endpoints: OPENID }).server.authorizeDevice({}));
    expect(rejected["hint"]).toMatch(
      /not allow openid in a device login, set `endpoints` to all endpoints of the server except `jwksUri`/,
    );
  });

  test("names no openid at a server without keys", async () => {
    special = () => json(device);
    await start().server.authorizeDevice({});
    expect(form().get("scope")).toBe("api");
  });

  test("omits empty values", async () => {
    special = () => json(device);
    const target = { scope: [], resource: "", audience: "" };
    await start({ scope: [] }).server.authorizeDevice(target);
    expect([...form()]).toEqual([["client_id", CLIENT]]);
  });
});

test("userinfo sends the access token in its header and nothing else", async () => {
  special = () => json({ sub: "alice" });
  expect(await start().server.userinfo("at1")).toEqual({ sub: "alice" });
  const { url, init } = fetch.sent[0]!;
  expect(url).toBe(ENDPOINTS.userinfoEndpoint);
  expect(init).toMatchObject({ redirect: "error", credentials: "omit", cache: "no-store" });
  expect(init.method ?? "GET").toBe("GET");
  expect(header("authorization")).toBe("Bearer at1");
});

describe("loginOptions", () => {
  const queryOf = async (request: object) => {
    const { server } = start({ loginOptions: { prompt: "consent", maxAge: 60 } });
    const url = await server.authorize({ redirectUri: REDIRECT, ...request });
    return new URL(url).searchParams;
  };

  test("are parameters of every login", async () => {
    const query = await queryOf({});
    expect([query.get("prompt"), query.get("max_age")]).toEqual(["consent", "60"]);
  });

  test("give way to what a login sets itself", async () => {
    const query = await queryOf({ prompt: "none", maxAge: 5 });
    expect([query.get("prompt"), query.get("max_age")]).toEqual(["none", "5"]);
  });
});

test.each([
  ["invalid_scope", /`scope`/],
  ["invalid_client", /`clientId`/],
  ["invalid_target", /`resource`/],
  ["incorrect_client_credentials", /`clientId`/],
  ["redirect_uri_mismatch", /`redirectUri`/],
])(
  "C13: a token request that the server refuses with %s has a hint for the developer",
  async (error, hint) => {
    special = () => json({ error, error_description: "says the server" }, 400);
    const rejected = await errorFrom(start().server.requestTokens({ grant_type: "x" }));
    expect(rejected["hint"]).toMatch(hint);
    expect(rejected.message).toContain(`${error} (says the server)`);
  },
);

describe("signed userinfo", () => {
  const asJwt = (jwt: string) =>
    new Response(jwt, { headers: { "content-type": "application/jwt" } });
  const ask = () => start({ endpoints: OPENID }).server.userinfo("at1");

  test("is verified, and its claims are returned", async () => {
    const jwt = await idToken({ name: "Alice" });
    special = () => asJwt(jwt);
    expect(await ask()).toMatchObject({ sub: "alice", name: "Alice" });
  });

  test.each([
    ["the key of another server", {}, stranger.privateKey, "signature"],
    ["another issuer", { iss: "https://evil.example" }, privateKey, "iss"],
    ["another audience", { aud: "other" }, privateKey, "aud"],
  ])("with %s is refused", async (_, claims, by, claim) => {
    const jwt = await idToken(claims, by);
    special = () => asJwt(jwt);
    expect(await errorFrom(ask())).toMatchObject({ code: "id_token", claim });
  });

  test("without a signature is refused", async () => {
    special = () => asJwt("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.");
    expect(await errorFrom(ask())).toMatchObject({ code: "user_fetch" });
  });
});

describe("client authentication", () => {
  const key = {
    method: "private_key_jwt",
    key: privateKey,
    keyId: "k1",
    algorithm: "ES256",
  } as const;
  const ask = (authentication: ClientAuthentication, clientId = CLIENT) =>
    start({ authentication, clientId }).server.requestTokens({ grant_type: "x" });

  test("none names the client in the body", async () => {
    await ask({ method: "none" });
    expect([...form().keys()]).toEqual(["grant_type", "client_id"]);
    expect(header("authorization")).toBeNull();
  });

  test("client_secret_basic form-encodes id and secret in UTF-8, and the body has neither", async () => {
    await ask({ method: "client_secret_basic", clientSecret: "pä:s+ %€" }, "wé b:1");
    expect([...form().keys()]).toEqual(["grant_type"]);
    const value = header("authorization")!.replace(/^Basic /, "");
    expect(atob(value)).toBe("w%C3%A9+b%3A1:p%C3%A4%3As%2B+%25%E2%82%AC");
  });

  test("client_secret_post sends id and secret in the body", async () => {
    await ask({ method: "client_secret_post", clientSecret: "pä:s+ %€" });
    expect([...form()]).toEqual([
      ["grant_type", "x"],
      ["client_id", CLIENT],
      ["client_secret", "pä:s+ %€"],
    ]);
    expect(header("authorization")).toBeNull();
  });

  test("private_key_jwt signs a new assertion of one minute for each request", async () => {
    const { server } = start({ authentication: key });
    await server.requestTokens({ grant_type: "x" });
    await server.revoke("rt");
    const [one, two] = [form(0), form(1)].map((body) => body.get("client_assertion")!);
    expect(form().get("client_assertion_type")).toBe(
      "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    );
    expect(form().get("client_id")).toBe(CLIENT);
    const currentDate = new Date(clock.now());
    const { payload } = await jwtVerify(one!, publicKey, { audience: ISSUER, currentDate });
    expect(payload).toEqual({
      iss: CLIENT,
      sub: CLIENT,
      aud: ISSUER,
      jti: expect.stringMatching(/^[\w-]{36}$/),
      iat: clock.now() / 1000,
      exp: clock.now() / 1000 + 60,
    });
    expect(decodeProtectedHeader(one!)).toEqual({ alg: "ES256", typ: "JWT", kid: "k1" });
    expect(decodeJwt(two!).jti).not.toBe(payload.jti);
  });

  test.each<[string, ClientAuthentication]>([
    ["authentication.clientSecret", { method: "client_secret_post", clientSecret: "" }],
    [
      "authentication.clientSecret",
      { method: "client_secret_basic" } as unknown as ClientAuthentication,
    ],
    ["authentication.key", { ...key, key: publicKey }],
    ["authentication.key", { ...key, algorithm: "RS256" }],
    ["authentication.key", { ...key, algorithm: "HS256" }],
    ["authentication.key", { ...key, algorithm: "none" }],
    ["authentication.key", { ...key, key: {} as CryptoKey }],
  ])(
    "that is invalid rejects with a ConfigurationError of %s before any request",
    async (input, by) => {
      const error = await errorFrom(ask(by));
      expect(error).toMatchObject({ code: "configuration", input });
      expect(fetch.sent).toHaveLength(0);
    },
  );

  const RSA_2048 = { modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
  test.each([
    ["RS512", "a SHA-256 key", { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", ...RSA_2048 }],
    [
      "PS384",
      "an RSASSA-PKCS1-v1_5 key",
      { name: "RSASSA-PKCS1-v1_5", hash: "SHA-384", ...RSA_2048 },
    ],
    ["ES256", "a P-384 key", { name: "ECDSA", namedCurve: "P-384" }],
    ["ES512", "a P-256 key", { name: "ECDSA", namedCurve: "P-256" }],
  ])("C12: does not sign a client assertion with %s and %s", async (algorithm, _, parameters) => {
    const uses: KeyUsage[] = ["sign", "verify"];
    const { privateKey } = await crypto.subtle.generateKey(parameters, false, uses);
    const error = await errorFrom(ask({ ...key, key: privateKey, algorithm }));
    expect(error).toMatchObject({ code: "configuration", input: "authentication.key" });
    expect(error.message).toContain(algorithm);
    expect(fetch.sent).toHaveLength(0);
  });

  test("C12: each key signs with its own algorithm only", async () => {
    const generate = async (parameters: RsaHashedKeyGenParams | EcKeyGenParams) => {
      const uses: KeyUsage[] = ["sign", "verify"];
      return (await crypto.subtle.generateKey(parameters, false, uses)).privateKey;
    };
    const keys = {
      RS256: await generate({ name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", ...RSA_2048 }),
      PS512: await generate({ name: "RSA-PSS", hash: "SHA-512", ...RSA_2048 }),
      ES256: await generate({ name: "ECDSA", namedCurve: "P-256" }),
      ES384: await generate({ name: "ECDSA", namedCurve: "P-384" }),
    };
    const others = ["RS512", "PS256", "ES512", "EdDSA", "HS256", "none", "es256", ""];
    for (const [own, of] of Object.entries(keys)) {
      for (const algorithm of [...Object.keys(keys), ...others]) {
        const asked = ask({ ...key, key: of, algorithm });
        if (algorithm === own) await asked;
        else expect(await errorFrom(asked)).toMatchObject({ input: "authentication.key" });
      }
    }
    expect(fetch.sent).toHaveLength(4);
  });

  const record: TokenRecord = {
    refreshToken: "rt1",
    idTokenVerified: true,
    user: { sub: "alice", claims: {} },
    access: {},
  };

  test.each<ClientAuthentication>([
    { method: "none" },
    { method: "client_secret_basic", clientSecret: "s" },
    { method: "client_secret_post", clientSecret: "s" },
    key,
  ])("by $method does not delay a prepared refresh", async (authentication) => {
    const { send } = start({ authentication });
    expect(await send.send(record, targetKey({}))).toEqual({ type: "unsent" });
    await send.prepare();
    expect(fetch.sent).toHaveLength(0);
    const sending = send.send(record, targetKey({}));
    expect(fetch.sent).toHaveLength(1);
    expect((await sending).type).toBe("tokens");
  });

  test("by private_key_jwt sends no assertion twice, and none that is about to expire", async () => {
    const { send } = start({ authentication: key });
    await send.prepare();
    const type = async () => (await send.send(record, targetKey({}))).type;
    const assertions = () => fetch.sent.map((_, i) => form(i).get("client_assertion"));
    expect(await type()).toBe("tokens");
    // The next one is being signed.
    await vi.waitFor(async () => expect(await type()).toBe("tokens"));
    expect(new Set(assertions()).size).toBe(2);
    clock.add(45_000);
    expect(await type()).toBe("unsent");
    await send.prepare();
    expect(await type()).toBe("tokens");
    expect(new Set(assertions()).size).toBe(3);
  });

  test("of a refresh is redacted in an error", async () => {
    special = ({ body }) => json({ error: "odd", error_description: JSON.stringify(body) }, 400);
    const { send } = start({ authentication: key });
    await send.prepare();
    const refused = await send.send(record, targetKey({}));
    expect(refused).toMatchObject({ type: "refused", facts: { error: "odd" } });
    expect(JSON.stringify(refused)).not.toMatch(/eyJ|rt1/);
  });
});

import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { TokenRecord } from "../../src/core/session.ts";
import { targetKey } from "../../src/core/token-target.ts";
import {
  createLazyServer,
  type LazyServer,
  type LazyServerConfig,
} from "../../src/compose/lazy-server.ts";
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
} from "../oidc/support.ts";

const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
const stranger = await generateKeyPair("ES256");
const JWK = { ...(await exportJWK(publicKey)), kid: "k1" };
const DOCUMENT = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize?tenant=a`,
  token_endpoint: `${ISSUER}/token`,
  jwks_uri: `${ISSUER}/jwks`,
  revocation_endpoint: `${ISSUER}/revoke`,
  end_session_endpoint: `${ISSUER}/logout?tenant=a`,
  id_token_signing_alg_values_supported: ["ES256"],
  authorization_response_iss_parameter_supported: true,
};

interface Code {
  nonce: string;
  challenge: string;
  redirectUri: string;
}

let clock = testClock();
let requests = testRequests();
let codes = new Map<string, Code>();
let idClaims: Record<string, unknown> = {};
let tokenResponse: Record<string, unknown> = {};
let broken: Record<string, () => Response | Promise<Response>> = {};
let fetch = fakeFetch(serve);
let lazyServer: LazyServer;

beforeEach(() => {
  clock = testClock();
  requests = testRequests();
  codes = new Map();
  idClaims = {};
  tokenResponse = {};
  broken = {};
  fetch = fakeFetch(serve);
  lazyServer = start();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

const start = (more: Partial<LazyServerConfig> = {}) =>
  createLazyServer({
    issuer: ISSUER,
    clientId: CLIENT,
    scope: ["openid", "profile"],
    requests,
    clock,
    fetch,
    ...more,
  });
const sent = (path: string) => fetch.sent.filter(({ url }) => new URL(url).pathname === path);
const paths = () => fetch.sent.map(({ url }) => new URL(url).pathname);

/** A scripted authorization server. */
async function serve({ url, body }: Sent): Promise<Response> {
  const { pathname } = new URL(url);
  if (broken[pathname]) return await broken[pathname]();
  if (pathname === "/.well-known/openid-configuration") return json(DOCUMENT);
  if (pathname === "/jwks") return json({ keys: [JWK] });
  if (pathname === "/revoke") return new Response(null);
  const result = {
    access_token: "at1",
    token_type: "Bearer",
    expires_in: 60,
    refresh_token: "rt1",
    ...tokenResponse,
  };
  if (body["grant_type"] === "refresh_token")
    return json({ ...result, access_token: "at2", refresh_token: "rt2" });
  const code = codes.get(body["code"] ?? "");
  codes.delete(body["code"] ?? "");
  const hash = await crypto.subtle.digest(
    "SHA-256",
    new TextEncoder().encode(body["code_verifier"]),
  );
  const proven = code && Buffer.from(hash).toString("base64url") === code.challenge;
  if (!proven || body["redirect_uri"] !== code.redirectUri)
    return json({ error: "invalid_grant" }, 400);
  return json({ id_token: await idToken({ nonce: code.nonce }), ...result });
}

function idToken(more: Record<string, unknown> = {}, key = privateKey): Promise<string> {
  const now = Math.floor(clock.now() / 1000);
  return new SignJWT({
    iss: ISSUER,
    aud: CLIENT,
    sub: "alice",
    iat: now,
    exp: now + 60,
    ...more,
    ...idClaims,
  })
    .setProtectedHeader({ alg: "ES256", kid: "k1" })
    .sign(key);
}

/** Plays the user and the server's login page. Returns the response URL. */
function signIn(authorizationUrl: string, more: Record<string, string> = {}): string {
  const query = new URL(authorizationUrl).searchParams;
  const code = `code ${codes.size} +&=%/`;
  codes.set(code, {
    nonce: query.get("nonce")!,
    challenge: query.get("code_challenge")!,
    redirectUri: query.get("redirect_uri")!,
  });
  const response = new URL(query.get("redirect_uri")!);
  const parameters = { code, state: query.get("state")!, iss: ISSUER, ...more };
  for (const [name, value] of Object.entries(parameters)) response.searchParams.set(name, value);
  return response.href;
}

const login = async (by = lazyServer) =>
  signIn(await by.server.authorize({ redirectUri: REDIRECT }));

describe("a login", () => {
  test("goes from the authorization URL to verified tokens", async () => {
    idClaims = { name: "Alice", auth_time: clock.now() / 1000 - 5, acr: "gold" };
    tokenResponse = { scope: "openid profile api" };
    const url = await lazyServer.server.authorize({
      redirectUri: REDIRECT,
      returnTo: "/orders",
      audience: "api",
      user: "alice",
      prompt: "login",
      maxAge: 60,
      acrValues: ["gold"],
    });
    const query = new URL(url).searchParams;
    expect(query.get("tenant")).toBe("a");
    expect(query.get("scope")).toBe("openid profile");
    expect(query.has("user")).toBe(false);
    const tokens = await lazyServer.server.exchange(signIn(url));
    expect({ ...tokens }).toEqual({
      accessToken: "at1",
      tokenType: "Bearer",
      expiresAt: clock.now() + 60_000,
      scope: ["openid", "profile", "api"],
      refreshToken: "rt1",
      idToken: expect.any(String),
      user: expect.objectContaining({ sub: "alice", name: "Alice" }),
      authTime: clock.now() / 1000 - 5,
      returnTo: "/orders",
      asked: { audience: "api", user: "alice", prompt: "login" },
    });
    expect(JSON.stringify(tokens)).toBe('"TokenSet [redacted]"');
    expect(sent("/token")[0]!.body["audience"]).toBe("api");
    expect(requests.rows.size).toBe(0);
  });

  test("fetches the metadata and the keys once for all later calls", async () => {
    const [one, two] = await Promise.all([login(), login()]);
    await lazyServer.server.exchange(one);
    await lazyServer.server.exchange(two);
    await lazyServer.server.revoke("rt1");
    await lazyServer.server.endSession({});
    expect(sent("/.well-known/openid-configuration")).toHaveLength(1);
    expect(sent("/jwks")).toHaveLength(1);
  });

  test("requests openid, the configured scopes and the scopes of the call, each once", async () => {
    const scope = async (asked: string[]) =>
      new URL(
        await lazyServer.server.authorize({ redirectUri: REDIRECT, scope: asked }),
      ).searchParams.get("scope");
    expect(await scope(["api"])).toBe("openid profile api");
    expect(await scope(["api", "openid"])).toBe("openid profile api");
    expect(await scope([])).toBe("openid profile");
  });

  test("without a scope in the response has the requested scope", async () => {
    expect((await lazyServer.server.exchange(await login())).scope).toEqual(["openid", "profile"]);
  });

  test("without an ID token is refused", async () => {
    tokenResponse = { id_token: undefined };
    const error = await errorFrom(lazyServer.server.exchange(await login()));
    expect(error).toMatchObject({ code: "id_token", claim: "id_token" });
  });

  test.each([
    ["for another client", { aud: "other" }, "aud"],
    ["of another issuer", { iss: "https://evil.example" }, "iss"],
    ["with another nonce", { nonce: "x" }, "nonce"],
    ["of an hour ago", { iat: 1_799_996_400, exp: 1_799_996_460 }, "exp"],
    ["with another token's at_hash", { at_hash: "x" }, "at_hash"],
  ])("with an ID token %s is refused, and the error contains no token", async (_, more, claim) => {
    idClaims = more;
    const error = await errorFrom(lazyServer.server.exchange(await login()));
    expect(error).toMatchObject({ code: "id_token", claim });
    expect(shown(error)).not.toMatch(/eyJ|at1|rt1/);
  });

  test("validates max_age as requested", async () => {
    idClaims = { auth_time: clock.now() / 1000 - 3600 };
    const url = await lazyServer.server.authorize({ redirectUri: REDIRECT, maxAge: 60 });
    const error = await errorFrom(lazyServer.server.exchange(signIn(url)));
    expect(error).toMatchObject({ claim: "auth_time" });
  });

  test.each(["", false, "/relative", "http://id.example.com/x", 7])(
    "C9: works although each optional endpoint in the metadata is %j, and only a call that needs it fails",
    async (url) => {
      const malformed = {
        ...DOCUMENT,
        revocation_endpoint: url,
        end_session_endpoint: url,
        userinfo_endpoint: url,
        device_authorization_endpoint: url,
      };
      broken["/.well-known/openid-configuration"] = () => json(malformed);
      const { server } = lazyServer;
      expect((await server.exchange(await login())).user?.sub).toBe("alice");
      for (const [call, name] of [
        [server.revoke("rt"), "revocation_endpoint"],
        [server.endSession({}), "end_session_endpoint"],
        [server.userinfo("at"), "userinfo_endpoint"],
        [server.authorizeDevice({}), "device_authorization_endpoint"],
      ] as const) {
        const error = await errorFrom(call);
        expect(error).toMatchObject({ code: "discovery", retryable: false });
        expect(error.message).toContain(`the ${name} in the metadata of ${ISSUER} is not an https`);
      }
    },
  );

  test("C9: fails before the code is sent if jwks_uri is malformed", async () => {
    broken["/.well-known/openid-configuration"] = () => json({ ...DOCUMENT, jwks_uri: "/jwks" });
    const { server } = lazyServer;
    const response = await login();
    const error = await errorFrom(server.exchange(response));
    expect(error.message).toContain(`the jwks_uri in the metadata of ${ISSUER} is not an https`);
    expect(await errorFrom(server.requestTokens({ grant_type: "password" }))).toMatchObject({
      code: "discovery",
    });
    expect(sent("/token")).toHaveLength(0);
  });

  test.each([
    ["none", ["idp:google"], {}],
    ["a higher level", ["silver"], { acr: "gold" }],
    ["another form", ["urn:a:2"], { acr: 2 }],
  ])(
    "C10: a login with acrValues accepts an ID token with %s as acr",
    async (_, acrValues, more) => {
      idClaims = more;
      const url = await lazyServer.server.authorize({ redirectUri: REDIRECT, acrValues });
      expect(new URL(url).searchParams.get("acr_values")).toBe(acrValues.join(" "));
      expect((await lazyServer.server.exchange(signIn(url))).user?.sub).toBe("alice");
    },
  );

  const ESSENTIAL = { essential: true, values: ["gold", "platinum"] };
  test.each<[string, object, Record<string, unknown>]>([
    ["missing", { essential: true }, {}],
    ["missing", ESSENTIAL, {}],
    ["another one", ESSENTIAL, { acr: "silver" }],
    ["another one", { essential: true, value: "gold" }, { acr: "platinum" }],
  ])(
    "C10: a login whose parameter claims requires an acr refuses an ID token whose acr is %s",
    async (_, acr, more) => {
      idClaims = more;
      const claims = JSON.stringify({ id_token: { acr } });
      const url = await lazyServer.server.authorize({
        redirectUri: REDIRECT,
        parameters: { claims },
      });
      expect(await errorFrom(lazyServer.server.exchange(signIn(url)))).toMatchObject({
        claim: "acr",
        hint: expect.stringContaining("parameters.claims"),
      });
    },
  );

  test.each<[object, Record<string, unknown>]>([
    [ESSENTIAL, { acr: "platinum" }],
    [{ essential: true }, { acr: "0" }],
    [{ values: ["gold"] }, {}],
    [{ essential: false, value: "gold" }, { acr: "silver" }],
  ])("C10: a login with the claims request %j accepts an ID token with %j", async (acr, more) => {
    idClaims = more;
    const claims = JSON.stringify({ id_token: { acr } });
    const url = await lazyServer.server.authorize({
      redirectUri: REDIRECT,
      parameters: { claims },
    });
    expect((await lazyServer.server.exchange(signIn(url))).user?.sub).toBe("alice");
  });

  test("sends the app's own parameters of token requests", async () => {
    lazyServer = start({ tokenParameters: { organization: "acme" } });
    await lazyServer.server.exchange(await login());
    expect(sent("/token")[0]!.body).toMatchObject({
      grant_type: "authorization_code",
      organization: "acme",
    });
  });

  test("sends no code when the app's own parameters of token requests are not valid", async () => {
    const response = await login();
    lazyServer = start({ tokenParameters: { code: "x" } });
    expect(await errorFrom(lazyServer.server.exchange(response))).toMatchObject({
      code: "configuration",
      input: "tokenParameters.code",
    });
    expect(sent("/token")).toEqual([]);
  });

  test("waits for the keys before it sends the code, and sends the code once", async () => {
    broken["/jwks"] = () => Promise.reject(new TypeError("Failed to fetch"));
    const response = await login();
    expect(await errorFrom(lazyServer.server.exchange(response))).toMatchObject({
      code: "network",
      retryable: true,
    });
    expect(sent("/token")).toHaveLength(0);
    delete broken["/jwks"];
    expect((await lazyServer.server.exchange(response)).user?.sub).toBe("alice");
    expect(await errorFrom(lazyServer.server.exchange(response))).toMatchObject({
      code: "invalid_response",
    });
    expect(sent("/token")).toHaveLength(1);
  });

  test("refuses a forged or replayed response, and is still completed by the real one", async () => {
    const response = await login();
    const forged = new URL(response);
    forged.searchParams.set("iss", "https://evil.example");
    expect(await errorFrom(lazyServer.server.exchange(forged.href))).toMatchObject({
      parameter: "iss",
    });
    forged.searchParams.delete("iss");
    expect(await errorFrom(lazyServer.server.exchange(forged.href))).toMatchObject({
      parameter: "iss",
    });
    expect(sent("/token")).toHaveLength(0);
    expect((await lazyServer.server.exchange(response)).user?.sub).toBe("alice");
    expect(await errorFrom(lazyServer.server.exchange(response))).toMatchObject({
      parameter: "state",
    });
    expect(sent("/token")).toHaveLength(1);
  });

  test("handled by two tabs sends its code once", async () => {
    const response = await login();
    const results = await Promise.allSettled(
      [lazyServer, start()].map(({ server }) => server.exchange(response)),
    );
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(sent("/token")).toHaveLength(1);
  });

  test("is completed after a temporary discovery failure", async () => {
    const response = await login();
    const late = start();
    broken["/.well-known/openid-configuration"] = () => json({}, 503);
    expect(await errorFrom(late.server.exchange(response))).toMatchObject({
      code: "discovery",
      retryable: true,
    });
    broken = {};
    expect((await late.server.exchange(response)).user?.sub).toBe("alice");
  });

  test("at a server without keys sends no code and keeps the pending request", async () => {
    broken["/.well-known/openid-configuration"] = () => json({ ...DOCUMENT, jwks_uri: undefined });
    expect(await errorFrom(lazyServer.server.exchange(await login()))).toMatchObject({
      code: "discovery",
    });
    expect(sent("/token")).toHaveLength(0);
    expect(requests.rows.size).toBe(1);
  });

  test("rejects with the reason of an abort, and other logins still get the metadata", async () => {
    const reason = new Error("aborted");
    let result: (response: Response) => void = () => {};
    broken["/.well-known/openid-configuration"] = () =>
      new Promise((resolve) => (result = resolve));
    const controller = new AbortController();
    const leaving = lazyServer.server.authorize({ redirectUri: REDIRECT }, controller.signal);
    const staying = lazyServer.server.authorize({ redirectUri: REDIRECT });
    await vi.waitFor(() => expect(fetch.sent).toHaveLength(1));
    controller.abort(reason);
    await expect(leaving).rejects.toBe(reason);
    result(json(DOCUMENT));
    expect(await staying).toContain(ISSUER);
    const response = signIn(await staying);
    await expect(lazyServer.server.exchange(response, AbortSignal.abort(reason))).rejects.toBe(
      reason,
    );
    expect((await lazyServer.server.exchange(response)).user?.sub).toBe("alice");
  });
});

describe("a logout", () => {
  test("revokes the refresh token", async () => {
    await lazyServer.server.revoke("rt1");
    expect(sent("/revoke")[0]!.body).toEqual({
      client_id: CLIENT,
      token: "rt1",
      token_type_hint: "refresh_token",
    });
  });

  test("has a URL with the ID token and the post-logout redirect URI", async () => {
    const url = new URL(
      (await lazyServer.server.endSession({
        idToken: "a.b.c",
        postLogoutRedirectUri: "https://app.example.com/?x=1",
        state: "s",
      }))!,
    );
    expect(url.origin + url.pathname).toBe(`${ISSUER}/logout`);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      tenant: "a",
      client_id: CLIENT,
      id_token_hint: "a.b.c",
      post_logout_redirect_uri: "https://app.example.com/?x=1",
      state: "s",
    });
  });

  test("without a post-logout redirect URI sends no state, because no response would return it", async () => {
    const url = new URL((await lazyServer.server.endSession({ idToken: "a.b.c", state: "s" }))!);
    expect(url.searchParams.has("logout_hint")).toBe(false);
    expect(url.searchParams.has("state")).toBe(false);
  });

  test.each([
    [2_000, true, "ada@example.com"],
    [2_001, false, "ada@example.com"],
    [20_000, false, "O.CiQ+/=&"],
  ])("C6: the URL has an ID token of %i characters: %s", async (length, isSent, logoutHint) => {
    const idToken = "e30.e30.".padEnd(length, "s");
    const postLogoutRedirectUri = "https://app.example.com/";
    const request = { idToken, logoutHint, postLogoutRedirectUri, state: "s" };
    const url = new URL((await lazyServer.server.endSession(request))!);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      tenant: "a",
      client_id: CLIENT,
      ...(isSent ? { id_token_hint: idToken } : { logout_hint: logoutHint }),
      post_logout_redirect_uri: postLogoutRedirectUri,
      state: "s",
    });
    if (!isSent) expect(url.href.length).toBeLessThan(300);
  });

  test("at a server without these endpoints is local only", async () => {
    const { issuer, authorization_endpoint, token_endpoint } = DOCUMENT;
    broken["/.well-known/openid-configuration"] = () =>
      json({ issuer, authorization_endpoint, token_endpoint });
    await lazyServer.server.revoke("rt1");
    expect(await lazyServer.server.endSession({})).toBeUndefined();
    expect(fetch.sent).toHaveLength(1);
  });
});

describe("a refresh", () => {
  const user = () => ({
    sub: "alice",
    claims: { iss: ISSUER, aud: CLIENT, sub: "alice", iat: clock.now() / 1000 },
  });
  const record = (more: Partial<TokenRecord> = {}): TokenRecord => ({
    refreshToken: "rt1",
    idTokenVerified: true,
    user: user(),
    access: {},
    ...more,
  });

  /** Loads the metadata, as after a login in this browser. */
  const prepare = async () => {
    await lazyServer.server.endSession({});
    await lazyServer.send.prepare();
    fetch.sent.length = 0;
  };

  test("reads the metadata once instead of sending when this browser has none", async () => {
    await lazyServer.send.prepare();
    expect(fetch.sent).toHaveLength(0);
    expect(await lazyServer.send.send(record(), targetKey({}))).toEqual({ type: "moved" });
    expect(paths()).toEqual(["/.well-known/openid-configuration"]);
    expect((await lazyServer.send.send(record(), targetKey({}))).type).toBe("tokens");
    expect(paths()).toEqual(["/.well-known/openid-configuration", "/token"]);
  });

  test("needs no keys", async () => {
    await prepare();
    const target = targetKey({ scope: ["b", "a"], audience: "api" });
    expect(await lazyServer.send.send(record(), target)).toMatchObject({
      type: "tokens",
      tokens: { accessToken: "at2", refreshToken: "rt2", expiresAt: clock.now() + 60_000 },
    });
    expect(paths()).toEqual(["/token"]);
    expect(sent("/token")[0]!.body).toMatchObject({
      refresh_token: "rt1",
      scope: "a b",
      audience: "api",
    });
  });

  test("is sent in the same task, and not at all without preparation or without a refresh token", async () => {
    expect(await lazyServer.send.send(record(), targetKey({}))).toEqual({ type: "unsent" });
    await prepare();
    const { refreshToken: _, ...empty } = record();
    expect(await lazyServer.send.send(empty, targetKey({}))).toEqual({ type: "unsent" });
    expect(fetch.sent).toHaveLength(0);
    const sending = lazyServer.send.send(record(), targetKey({}));
    expect(fetch.sent).toHaveLength(1);
    await sending;
  });

  test("has its own time limit", async () => {
    lazyServer = start({ tokenTimeoutMs: 10 });
    broken["/token"] = () => new Promise(() => {});
    await prepare();
    expect(await lazyServer.send.send(record(), targetKey({}))).toMatchObject({
      type: "unknown",
      cause: { code: "network" },
    });
  });

  test("has its ID token validated: valid", async () => {
    const validation = await lazyServer.send.verify(
      record({ idToken: await idToken({ name: "New", auth_time: 5 }), authTime: 5 }),
      "fetched",
    );
    expect(validation).toMatchObject({
      type: "valid",
      user: { sub: "alice", name: "New" },
      authTime: 5,
    });
    expect(paths().sort()).toEqual(["/.well-known/openid-configuration", "/jwks"]);
  });

  test("without an ID token keeps its user and its auth_time", async () => {
    expect(await lazyServer.send.verify(record({ authTime: 5 }), "fetched")).toEqual({
      type: "valid",
      user: user(),
      authTime: 5,
    });
    expect(
      await lazyServer.send.verify(record({ idToken: await idToken(), authTime: 5 }), "fetched"),
    ).toMatchObject({ authTime: 5 });
    expect(
      (await lazyServer.send.verify(record({ idToken: await idToken() }), "fetched")).type,
    ).toBe("valid");
  });

  test("has its ID token validated: invalid", async () => {
    const validation = async (more: Record<string, unknown>, key = privateKey) =>
      (await lazyServer.send.verify(record({ idToken: await idToken(more, key) }), "fetched")).type;
    expect(await validation({ sub: "bob" })).toBe("invalid");
    expect(await validation({ iss: "https://evil.example" })).toBe("invalid");
    expect(await validation({ aud: "other" })).toBe("invalid");
    expect(await validation({}, stranger.privateKey)).toBe("invalid");
    expect((await lazyServer.send.verify(record({ idToken: "rubbish" }), "fetched")).type).toBe(
      "invalid",
    );
  });

  test.each([
    ["/.well-known/openid-configuration", () => json({}, 503)],
    [
      "/.well-known/openid-configuration",
      () => json({ ...DOCUMENT, issuer: "https://captive.portal" }),
    ],
    ["/.well-known/openid-configuration", () => Promise.reject(new TypeError("Failed to fetch"))],
    ["/jwks", () => json({}, 503)],
    ["/jwks", () => json({ keys: [] })],
    ["/jwks", () => new Response("<p>Sign in to Wi-Fi")],
    ["/jwks", () => Promise.reject(new TypeError("Failed to fetch"))],
  ])(
    "has its ID token validated: unknown while %s is down, and valid later",
    async (path, result) => {
      broken[path] = result;
      const waiting = record({ idToken: await idToken() });
      expect(await lazyServer.send.verify(waiting, "fetched")).toEqual({ type: "unknown" });
      broken = {};
      clock.add(3_600_000);
      expect((await lazyServer.send.verify(waiting, "fetched")).type).toBe("valid");
    },
  );
});

test("createLazyServer() sends nothing, and each call looks up the global fetch", async () => {
  const captured = vi.fn(() => expect.fail("captured too early"));
  vi.stubGlobal("fetch", captured);
  const { fetch: _, ...config } = {
    issuer: ISSUER,
    clientId: CLIENT,
    scope: ["openid"],
    requests,
    clock,
    fetch,
  };
  const { server } = createLazyServer(config);
  vi.stubGlobal("fetch", fetch);
  expect(fetch.sent).toHaveLength(0);
  expect(await server.authorize({ redirectUri: REDIRECT })).toContain(ISSUER);
  expect(captured).not.toHaveBeenCalled();
});

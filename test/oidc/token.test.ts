import { describe, expect, test } from "vitest";
import { NetworkError } from "../../src/core/errors.ts";
import { RequestTokenError } from "../../src/core/protocol-errors.ts";
import type { RefreshResponse } from "../../src/core/refresher.ts";
import type { TokenTarget } from "../../src/core/token-target.ts";
import { configuredMetadata } from "../../src/oidc/metadata-source.ts";
import { createSender } from "../../src/oidc/token/send-refresh-token.ts";
import { revokeToken } from "../../src/oidc/logout.ts";
import { requestTokens } from "../../src/oidc/token/token-response.ts";
import {
  CLIENT,
  errorFrom,
  fakeFetch,
  ISSUER,
  json,
  realFetch,
  realServer,
  REDIRECT,
  shown,
  testClock,
} from "./support.ts";
import {
  type Fetch,
  publicCredentials,
  type TokenClient,
} from "../../src/oidc/token/form-request.ts";
const ENDPOINT = "https://id.example.com/token";
const CODE = { code: "SECRET-code", codeVerifier: "SECRET-verifier", redirectUri: REDIRECT };
const RT = "SECRET-refresh";
const GOOD = { access_token: "SECRET-access", token_type: "Bearer", expires_in: 60 };

const client = (fetch: Fetch, more: Partial<TokenClient> = {}): TokenClient => ({
  clock: testClock(),
  fetch,
  timeoutMs: 15_000,
  ...more,
});
const credentials = publicCredentials(CLIENT);
const exchange = (
  fetch: Fetch,
  url = ENDPOINT,
  more: Partial<TokenClient> = {},
  { code, codeVerifier, redirectUri } = CODE,
) =>
  requestTokens(
    {
      url,
      parameters: {
        grant_type: "authorization_code",
        code,
        code_verifier: codeVerifier,
        redirect_uri: redirectUri,
      },
      secrets: [code, codeVerifier],
      credentials,
    },
    client(fetch, more),
  );
const senderOf = async (
  fetch: Fetch,
  tokenEndpoint = ENDPOINT,
  more: Partial<TokenClient> = {},
) => {
  const metadata = configuredMetadata(async () => ({ issuer: ISSUER, tokenEndpoint }));
  const sender = createSender({
    ...client(fetch, more),
    issuer: ISSUER,
    clientId: CLIENT,
    metadata,
    isOpenId: true,
  });
  await sender.prepare();
  return sender;
};
const refresh = async (
  fetch: Fetch,
  tokenEndpoint = ENDPOINT,
  more: Partial<TokenClient> = {},
  target: TokenTarget = {},
) =>
  (await senderOf(fetch, tokenEndpoint, more)).send({
    refreshToken: RT,
    previous: { user: { sub: "alice", claims: {} } },
    ...target,
  });
const revoke = (fetch: Fetch, revocationEndpoint = ENDPOINT) =>
  revokeToken(
    {
      loadEndpoint: async () => revocationEndpoint,
      getCredentials: async () => credentials,
      client: () => client(fetch),
    },
    RT,
    undefined,
  );
const responding = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  fakeFetch(() => json(body, status, headers));
const html = (status: number, headers: Record<string, string> = {}) =>
  fakeFetch(
    () =>
      new Response("<!doctype html><title>Sign in to Wi-Fi</title>", {
        status,
        headers: { "Content-Type": "text/html", ...headers },
      }),
  );

describe("the request", () => {
  test("an exchange is one form POST without preflight, cookies or redirects", async () => {
    const fetch = responding(GOOD);
    await exchange(fetch);
    expect(fetch.sent).toHaveLength(1);
    const { url, init, body } = fetch.sent[0]!;
    expect(url).toBe(ENDPOINT);
    expect(body).toEqual({
      grant_type: "authorization_code",
      client_id: CLIENT,
      code: "SECRET-code",
      code_verifier: "SECRET-verifier",
      redirect_uri: REDIRECT,
    });
    expect(init).toMatchObject({
      method: "POST",
      redirect: "error",
      cache: "no-store",
      credentials: "omit",
    });
    expect(init.keepalive ?? false).toBe(false);
    expect(init.headers).toEqual({
      Accept: "application/json",
      "Content-Type": "application/x-www-form-urlencoded",
    });
  });

  test("a code of any printable ASCII arrives unchanged", async () => {
    const code = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join("");
    let got = "";
    const url = await realServer((request, response) => {
      request.setEncoding("utf8").on("data", (chunk: string) => (got += chunk));
      request.on("end", () => response.end(JSON.stringify(GOOD)));
    });
    await exchange(realFetch, url, {}, { ...CODE, code });
    expect(new URLSearchParams(got).get("code")).toBe(code);
  });

  test("a refresh sends its target and omits empty members", async () => {
    const fetch = responding(GOOD);
    await refresh(fetch);
    expect(fetch.sent[0]!.body).toEqual({
      grant_type: "refresh_token",
      client_id: CLIENT,
      refresh_token: RT,
    });
    const target = { scope: ["a", "b"], resource: "https://api.example.com", audience: "api" };
    await refresh(fetch, ENDPOINT, {}, target);
    expect(fetch.sent[1]!.body).toMatchObject({
      scope: "a b",
      resource: "https://api.example.com",
      audience: "api",
    });
    await refresh(fetch, ENDPOINT, {}, { scope: [], resource: "", audience: "" });
    expect(Object.keys(fetch.sent[2]!.body).sort()).toEqual([
      "client_id",
      "grant_type",
      "refresh_token",
    ]);
  });

  test("a refresh calls fetch in the same task", async () => {
    const fetch = responding(GOOD);
    const sender = await senderOf(fetch);
    void sender.send({ refreshToken: RT, previous: { user: { sub: "alice", claims: {} } } });
    expect(fetch.sent).toHaveLength(1);
  });

  test.each([301, 302, 303, 307, 308])(
    "a %i is not followed: the other server gets no request",
    async (status) => {
      let stolen = 0;
      const other = await realServer((_, response) => {
        stolen++;
        response.end(JSON.stringify(GOOD));
      });
      const url = await realServer((_, response) =>
        response.writeHead(status, { Location: other }).end(),
      );
      expect(await errorFrom(exchange(realFetch, url))).toBeInstanceOf(NetworkError);
      expect(await refresh(realFetch, url)).toMatchObject({ type: "unknown" });
      expect(await errorFrom(revoke(realFetch, url))).toBeInstanceOf(NetworkError);
      expect(stolen).toBe(0);
    },
  );

  test("a request without a response times out and is aborted", async () => {
    let onClose = () => {};
    const closed = new Promise<void>((resolve) => (onClose = resolve));
    const url = await realServer((request) => void request.on("close", onClose));
    expect(await refresh(realFetch, url, { timeoutMs: 50 })).toMatchObject({ type: "unknown" });
    await closed;
    const error = await errorFrom(exchange(realFetch, url, { timeoutMs: 50 }));
    expect(error).toBeInstanceOf(NetworkError);
    expect(error.retryable).toBe(true);
  });

  test("a body that never ends times out", async () => {
    const url = await realServer(
      (_, response) => void response.writeHead(200).write('{"access_token":'),
    );
    expect(await refresh(realFetch, url, { timeoutMs: 50 })).toMatchObject({ type: "unknown" });
  });

  test("a fetch that ignores its signal times out", async () => {
    const hanging: Fetch = () => new Promise(() => {});
    expect(await refresh(hanging, ENDPOINT, { timeoutMs: 10 })).toMatchObject({ type: "unknown" });
  });

  test("an aborted signal rejects with its reason, before and during the request", async () => {
    const reason = new Error("the user left");
    const fetch = responding(GOOD);
    await expect(exchange(fetch, ENDPOINT, { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
    expect(fetch.sent).toHaveLength(0);
    const controller = new AbortController();
    const waiting = exchange(() => new Promise(() => {}), ENDPOINT, { signal: controller.signal });
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });
});

describe("a token response", () => {
  const now = () => testClock().now();
  const tokens = async (body: unknown) => await exchange(responding(body));

  test("is read completely", async () => {
    expect(
      await tokens({ ...GOOD, scope: "a  b", refresh_token: "r", id_token: "i", extra: 1 }),
    ).toEqual({
      accessToken: "SECRET-access",
      tokenType: "Bearer",
      expiresAt: now() + 60_000,
      scope: ["a", "b"],
      refreshToken: "r",
      idToken: "i",
      extra: { extra: 1 },
    });
  });

  test.each(["a b", "a,b", "a, b", " a  b "])("has the scopes of %o", async (scope) => {
    expect((await tokens({ ...GOOD, scope })).scope).toEqual(["a", "b"]);
  });

  test("comes from the configured URL exactly, also with a slash at its end or with a query", async () => {
    for (const url of ["https://id.example/o/token/", "https://id.example/token?tenant=7"]) {
      const fetch = responding(GOOD);
      await exchange(fetch, url);
      expect(fetch.sent.map((request) => request.url)).toEqual([url]);
    }
  });

  test("keeps the members that RFC 6749 does not name in extra, and no token", async () => {
    const { extra } = await tokens({
      ...GOOD,
      refresh_token: "SECRET-r",
      id_token: ["not", "text"],
      issued_token_type: 7,
      tenant: "t",
      refresh_token_expires_in: 3_600,
      links: { self: "https://id.example/" },
    });
    expect(extra).toEqual({
      tenant: "t",
      refresh_token_expires_in: 3_600,
      links: { self: "https://id.example/" },
    });
    expect(await tokens(GOOD)).not.toHaveProperty("extra");
  });

  test.each(["bearer", "BEARER", "BeArEr"])(
    "has a token_type in any letter case: %s",
    async (token_type) => {
      expect((await tokens({ ...GOOD, token_type })).tokenType).toBe("Bearer");
    },
  );

  test.each([
    ["missing", undefined, 300],
    ["null", null, 300],
    ["not a number", "soon", 300],
    ["an empty string", "", 300],
    ["an object", {}, 300],
    ["true", true, 300],
    ["a numeric string", "90", 90],
    ["a fraction", 1.5, 1],
    ["0", 0, 0],
    ["negative", -5, 0],
    ["a negative string", "-5", 0],
    ["huge", 1e12, 315_360_000],
    ["a huge string", "1e300", 315_360_000],
  ])("has a valid lifetime when expires_in is %s", async (_, expires_in, lifetimeS) => {
    const { expiresAt } = await tokens({ ...GOOD, expires_in });
    expect(expiresAt).toBe(now() + lifetimeS * 1000);
    expect(Number.isNaN(new Date(expiresAt).getTime())).toBe(false);
  });

  test("has a valid lifetime when expires_in exceeds all numbers", async () => {
    const body = '{"access_token":"a","token_type":"Bearer","expires_in":1e999}';
    const { expiresAt } = await exchange(fakeFetch(() => new Response(body)));
    expect(expiresAt).toBe(now() + 315_360_000_000);
  });

  test("counts its lifetime from its arrival", async () => {
    const clock = testClock();
    const fetch = fakeFetch(() => {
      clock.add(4_000);
      return json(GOOD);
    });
    expect((await exchange(fetch, ENDPOINT, { clock })).expiresAt).toBe(clock.now() + 60_000);
  });

  test.each([
    ["no access_token", { token_type: "Bearer" }],
    ["an empty access_token", { ...GOOD, access_token: "" }],
    ["an access_token that is no string", { ...GOOD, access_token: { a: 1 } }],
    ["an array", [GOOD]],
    ["null", null],
    ["a string", "ok"],
    [
      "an access_token in __proto__ only",
      JSON.parse('{"__proto__":{"access_token":"a","token_type":"Bearer"}}'),
    ],
  ])("with %s is refused at login, and the result of a refresh is unknown", async (_, body) => {
    const error = await errorFrom(tokens(body));
    expect(error).toBeInstanceOf(RequestTokenError);
    expect(shown(error)).not.toContain("SECRET");
    expect(await refresh(responding(body))).toMatchObject({ type: "unknown" });
  });

  test.each([
    ["no token_type", { ...GOOD, token_type: undefined }],
    ["an unknown token_type", { ...GOOD, token_type: "mac" }],
    ["a DPoP token that was not requested", { ...GOOD, token_type: "DPoP" }],
    ["a token_type that is no string", { ...GOOD, token_type: 1 }],
    ["no access_token", { token_type: "Bearer", refresh_token: "next" }],
    ["an access_token that is no string", { ...GOOD, access_token: 1, refresh_token: "next" }],
  ])("B13: with %s is refused at login, and a refresh keeps its refresh token", async (_, more) => {
    const body = { ...more, refresh_token: "next" };
    const error = await errorFrom(tokens(body));
    expect(error).toBeInstanceOf(RequestTokenError);
    expect(shown(error)).not.toContain("SECRET");
    const replied = await refresh(responding(body));
    expect(replied).toMatchObject({
      type: "unusable",
      refreshToken: "next",
      cause: { code: "request_token", status: 200, retryable: false },
    });
    expect(shown(replied)).not.toContain("SECRET");
  });

  test("B13: with an unknown token_type and no new refresh token is unusable", async () => {
    expect(await refresh(responding({ ...GOOD, token_type: "mac" }))).toMatchObject({
      type: "unusable",
      refreshToken: undefined,
      cause: { code: "request_token" },
    });
  });

  test.each([
    ["HTML", "<!doctype html><p>SECRET-page"],
    ["empty", ""],
    ["cut JSON", '{"access_token":"SECRET-access","token_ty'],
  ])("that is %s is refused at login, and the result of a refresh is unknown", async (_, body) => {
    const fetch = fakeFetch(() => new Response(body, { status: 200 }));
    const error = await errorFrom(exchange(fetch));
    expect(error).toBeInstanceOf(RequestTokenError);
    expect(shown(error)).not.toContain("SECRET");
    expect(await refresh(fetch)).toMatchObject({ type: "unknown" });
  });

  test.for([
    [
      ["openid", "read"],
      ["openid", "read"],
    ],
    [
      ["openid read", "write"],
      ["openid", "read", "write"],
    ],
    [[], []],
    ["", []],
    [" ", []],
    ["read,write", ["read", "write"]],
    ["read\twrite\n", ["read", "write"]],
    [["read", 7], undefined],
    [null, undefined],
    [undefined, undefined],
  ] as const)("C5: with the scope %j grants %j", async ([scope, granted]) => {
    expect((await tokens({ ...GOOD, scope })).scope).toEqual(granted);
  });

  test("ignores optional members of a wrong type", async () => {
    expect(
      await tokens({ ...GOOD, scope: { a: 1 }, refresh_token: null, id_token: 7 }),
    ).toMatchObject({
      scope: undefined,
      refreshToken: undefined,
      idToken: undefined,
    });
  });
});

describe("the result of a refresh", () => {
  const type = async (replied: Promise<RefreshResponse>) => (await replied).type;

  test("tokens", async () => {
    expect(await refresh(responding({ ...GOOD, refresh_token: "next" }))).toMatchObject({
      type: "tokens",
      tokens: { accessToken: "SECRET-access", refreshToken: "next", scope: undefined },
    });
  });

  test.each([400, 401, 403])("invalid_grant in a %i", async (status) => {
    expect(await refresh(responding({ error: "invalid_grant" }, status))).toEqual({
      type: "invalid_grant",
    });
  });

  test.each(["invalid_grant", "bad_refresh_token"])(
    "invalid_grant from a server that sends %s in a 200",
    async (error) => {
      expect(await refresh(responding({ error }))).toEqual({ type: "invalid_grant" });
    },
  );

  test.each([
    ["interaction_required", 400, "user needed", "user needed"],
    ["consent_required", 400, "user needed", "user needed"],
    ["login_required", 401, "user needed", "user needed"],
    ["invalid_token", 401, "user needed", "unexplained"],
    ["invalid_request", 400, "user needed", "wrong request"],
    ["unauthorized_client", 400, "user needed", "wrong request"],
    ["access_denied", 403, "user needed", "wrong request"],
    ["invalid_scope", 400, "unexplained", "wrong request"],
    ["invalid_target", 400, "unexplained", "wrong request"],
    ["invalid_client", 401, "unexplained", "unexplained"],
    ["incorrect_client_credentials", 200, "unexplained", "unexplained"],
    ["brand_new_error", 418, "unexplained", "unexplained"],
  ] as const)(
    "A5: %s in a %i means %s for the default target and %s for another one, with the server's error",
    async (error, status, meaning, meaningForTarget) => {
      const body = { error, error_description: "because", error_uri: "https://id.example.com/why" };
      const facts = {
        error,
        errorDescription: "because",
        errorUri: "https://id.example.com/why",
        status,
      };
      expect(await refresh(responding(body, status))).toEqual({ type: "refused", meaning, facts });
      for (const target of [
        { scope: ["api"] },
        { resource: "https://a.example" },
        { audience: "a" },
      ])
        expect(await refresh(responding(body, status), ENDPOINT, {}, target)).toEqual({
          type: "refused",
          meaning: meaningForTarget,
          facts,
        });
    },
  );

  test.each([
    ["429", json({}, 429)],
    ["429 with invalid_grant", json({ error: "invalid_grant" }, 429)],
    ["503", json({}, 503)],
    ["503 in HTML", new Response("<p>", { status: 503 })],
    ["temporarily_unavailable in a 400", json({ error: "temporarily_unavailable" }, 400)],
    ["temporarily_unavailable in a 500", json({ error: "temporarily_unavailable" }, 500)],
  ])("not rotated: %s", async (_, response) => {
    expect(await type(refresh(fakeFetch(() => response)))).toBe("not_rotated");
  });

  test.each([
    ["a captive portal's 403", new Response("<p>Sign in to Wi-Fi", { status: 403 })],
    ["a message in a 400", json({ status: 400, message: "Invalid refresh token" }, 400)],
    ["a plain 401", new Response("Unauthorized", { status: 401 })],
    ["an empty 400", new Response("", { status: 400 })],
    ["a 404 in JSON without error", json({ message: "no route" }, 404)],
    ["an error that is no string", json({ error: { code: 1 } }, 400)],
    ["an empty error", json({ error: "" }, 400)],
    ["an error in an array", json([{ error: "invalid_grant" }], 400)],
  ])("A6: %s is an unexplained refusal, for every target", async (_, response) => {
    const unexplained = { type: "refused", meaning: "unexplained", facts: { error: undefined } };
    const fetch = fakeFetch(() => response.clone());
    expect(await refresh(fetch)).toMatchObject(unexplained);
    expect(await refresh(fetch, ENDPOINT, {}, { audience: "api" })).toMatchObject(unexplained);
  });

  test.each([
    ["500", json({}, 500)],
    ["500 with invalid_grant", json({ error: "invalid_grant" }, 500)],
    ["502 in HTML", new Response("<p>Bad gateway", { status: 502 })],
    ["server_error in a 400", json({ error: "server_error" }, 400)],
    ["server_error in a 500", json({ error: "server_error" }, 500)],
    ["server_error in a 200", json({ error: "server_error" }, 200)],
    ["204", new Response(null, { status: 204 })],
    ["304", new Response(null, { status: 304 })],
  ])("unknown: %s", async (_, response) => {
    expect(await type(refresh(fakeFetch(() => response)))).toBe("unknown");
  });

  test("unknown: no network", async () => {
    const replied = await refresh(() => Promise.reject(new TypeError("Failed to fetch")));
    expect(replied).toMatchObject({ type: "unknown", cause: expect.any(NetworkError) });
  });

  test("unknown: the connection is reset in mid-body", async () => {
    const url = await realServer((_, response) => {
      response.writeHead(200, { "Content-Type": "application/json", "Content-Length": "5000" });
      response.write('{"access_token":"SECRET-access",', () => response.socket!.resetAndDestroy());
    });
    const replied = await refresh(realFetch, url);
    expect(replied).toMatchObject({ type: "unknown", cause: expect.any(NetworkError) });
    expect(await errorFrom(exchange(realFetch, url))).toBeInstanceOf(NetworkError);
  });

  test("unknown: the connection is reset before the headers, and the request is sent once", async () => {
    let hits = 0;
    const url = await realServer((request) => {
      hits++;
      request.socket.resetAndDestroy();
    });
    expect(await type(refresh(realFetch, url))).toBe("unknown");
    expect(hits).toBe(1);
  });

  test("unknown: a real server responds 200 with HTML", async () => {
    const url = await realServer((_, response) =>
      response.writeHead(200, { "Content-Type": "text/html" }).end("<html>"),
    );
    expect(await type(refresh(realFetch, url))).toBe("unknown");
    expect(await errorFrom(exchange(realFetch, url))).toBeInstanceOf(RequestTokenError);
  });

  const now = () => testClock().now();
  test.each([
    ["120", 120_000],
    ["0", 0],
    ["86400", 600_000],
    ["99999999999999999999", 600_000],
    [new Date(now() + 30_000).toUTCString(), 30_000],
    [new Date(now() - 30_000).toUTCString(), 0],
    [new Date(now() + 86_400_000).toUTCString(), 600_000],
    ["soon", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("Retry-After %s waits %s ms", async (value, ms) => {
    for (const status of [429, 503]) {
      const fetch = html(status, value === undefined ? {} : { "Retry-After": value });
      expect(await refresh(fetch)).toMatchObject({ type: "not_rotated", retryAfterMs: ms });
    }
  });
});

describe("the error of an exchange", () => {
  test("comes after one request, for every response", async () => {
    for (const status of [400, 401, 408, 429, 500, 502, 503, 504]) {
      const fetch = html(status, { "Retry-After": "0" });
      expect(await errorFrom(exchange(fetch))).toBeInstanceOf(RequestTokenError);
      expect(fetch.sent).toHaveLength(1);
    }
    const fetch = fakeFetch(() => Promise.reject(new TypeError("Failed to fetch")));
    expect(await errorFrom(exchange(fetch))).toBeInstanceOf(NetworkError);
    expect(fetch.sent).toHaveLength(1);
  });

  test("has the server's error in its fields", async () => {
    const body = {
      error: "invalid_grant",
      error_description: "code expired",
      error_uri: "https://id.example.com/e",
    };
    expect(await errorFrom(exchange(responding(body, 400)))).toMatchObject({
      code: "request_token",
      error: "invalid_grant",
      errorDescription: "code expired",
      errorUri: "https://id.example.com/e",
      status: 400,
      retryable: false,
    });
  });
});

describe("no error shows a secret", () => {
  test("also when the server repeats the request", async () => {
    const echo = fakeFetch(({ body }) =>
      json(
        {
          error: `bad ${body["code"]}`,
          error_description: `of ${Object.values(body).join()}`,
          error_uri: body["code_verifier"],
        },
        400,
      ),
    );
    const error = await errorFrom(exchange(echo));
    expect(error["errorDescription"]).toContain("[redacted]");
    expect(shown(error)).not.toContain("SECRET");
    const refused = fakeFetch(({ body }) =>
      json({ error: "invalid_client", error_description: body["refresh_token"] }, 401),
    );
    expect(JSON.stringify(await refresh(refused))).not.toContain("SECRET");
    const later = fakeFetch(({ body }) => json({ error: body["refresh_token"] }, 429));
    expect(shown(((await refresh(later)) as { cause: unknown }).cause)).not.toContain("SECRET");
    const revoked = fakeFetch(({ body }) => json({ error: body["token"] }, 400));
    expect(shown(await errorFrom(revoke(revoked)))).not.toContain("SECRET");
  });

  test("also when an injected fetch throws the request", async () => {
    const leaky: Fetch = (url, init) =>
      Promise.reject(Object.assign(new Error(`${url} ${JSON.stringify(init)}`), { init }));
    const error = await errorFrom(exchange(leaky));
    expect(error).toBeInstanceOf(NetworkError);
    expect(shown(error)).not.toContain("SECRET");
    expect(shown(((await refresh(leaky)) as { cause: unknown }).cause)).not.toContain("SECRET");
  });
});

describe("a revocation", () => {
  test("sends the token and needs no response body", async () => {
    const fetch = fakeFetch(() => new Response(null, { status: 200 }));
    await revoke(fetch);
    expect(fetch.sent[0]!.body).toEqual({
      client_id: CLIENT,
      token: RT,
      token_type_hint: "refresh_token",
    });
  });

  test("rejects with the server's error when it is refused", async () => {
    expect(
      await errorFrom(revoke(responding({ error: "unsupported_token_type" }, 400))),
    ).toMatchObject({
      code: "request_token",
      error: "unsupported_token_type",
      retryable: false,
    });
    expect((await errorFrom(revoke(html(503)))).retryable).toBe(true);
  });
});

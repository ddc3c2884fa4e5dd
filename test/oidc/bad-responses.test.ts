import { beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/browser/page/system-clock.ts";
import { findAccess, type SessionRow, type TokenRecord } from "../../src/core/session.ts";
import type { TokenSet } from "../../src/core/token-set.ts";
import { targetKey } from "../../src/core/token-target.ts";
import { createLazyServer, type LazyServer } from "../../src/compose/lazy-server.ts";
import { MemorySessionStore } from "../support/memory-session-store.ts";
import { MemoryTabHub } from "../support/memory-tab-channel.ts";
import { MemoryTabLock } from "../../src/memory/memory-tab-lock.ts";
import { RefreshCoordinator } from "../../src/refresh/coordinator.ts";
import { ADA, CLIENT as CLIENT_KEY, expiredRow, KEY, DEFAULT_KEY } from "../refresh/tabs.ts";
import {
  scriptedServer,
  sendJson,
  type ScriptedResponse,
  type ScriptedServer,
} from "./scripted-server.ts";
import { CLIENT, errorFrom, realServer, REDIRECT, shown, testRequests } from "./support.ts";

/** A response of the server, and its expected result. */
interface Row {
  readonly response: ScriptedResponse;
  /** The expected tokens. Missing members are as in a valid response. */
  readonly tokens?: { readonly lifetimeS?: number; readonly scope?: readonly string[] };
  /** The error of every call except a refresh. */
  readonly error?: Readonly<Record<string, unknown>>;
  /** How many requests a refresh sends when this is the first response. `afterMs`: the shortest time until the second one. */
  readonly refresh?: { readonly sends: number; readonly afterMs?: number };
  readonly refreshError?: Readonly<Record<string, unknown>>;
}

let thefts = 0;
const thief = { url: "" };

const without =
  (name: string): ScriptedResponse =>
  (response, good) =>
    sendJson(response, { ...good, [name]: undefined });
const having =
  (more: Record<string, unknown>): ScriptedResponse =>
  (response, good) =>
    sendJson(response, { ...good, ...more });
const raw =
  (status: number, body: string, headers: Record<string, string> = {}): ScriptedResponse =>
  (response) =>
    void response.writeHead(status, headers).end(body);
const HTML = { "Content-Type": "text/html" };
const again = { sends: 2 };
const once = { sends: 1 };

const TABLE: Readonly<Record<string, Row>> = {
  "expires_in missing": {
    response: without("expires_in"),
    tokens: { lifetimeS: 300 },
    refresh: once,
  },
  "expires_in a string": {
    response: having({ expires_in: "90" }),
    tokens: { lifetimeS: 90 },
    refresh: once,
  },
  "expires_in no number": {
    response: having({ expires_in: "soon" }),
    tokens: { lifetimeS: 300 },
    refresh: once,
  },
  "expires_in negative": {
    response: having({ expires_in: -5 }),
    tokens: { lifetimeS: 0 },
    refresh: once,
  },
  "expires_in huge": {
    response: having({ expires_in: 1e15 }),
    tokens: { lifetimeS: 315_360_000 },
    refresh: once,
  },
  "token_type in another case": {
    response: having({ token_type: "bEARER" }),
    tokens: {},
    refresh: once,
  },
  "no refresh_token": { response: without("refresh_token"), tokens: {}, refresh: once },
  "scope reduced": {
    response: having({ scope: "openid" }),
    tokens: { scope: ["openid"] },
    refresh: once,
  },
  "scope with commas": {
    response: having({ scope: "openid,repo, gist" }),
    tokens: { scope: ["openid", "repo", "gist"] },
    refresh: once,
  },
  "400 with an empty body": {
    response: raw(400, ""),
    error: { code: "request_token", status: 400, error: undefined, retryable: false },
    refresh: again,
  },
  "500 with HTML": {
    response: raw(500, "<!doctype html><p>SECRET-trace", HTML),
    error: { code: "request_token", status: 500, retryable: true },
    refresh: again,
  },
  "429 with Retry-After in seconds": {
    response: raw(429, "", { "Retry-After": "1" }),
    error: { code: "request_token", status: 429, retryable: true },
    refresh: { sends: 2, afterMs: 1_000 },
  },
  "429 with Retry-After as a date": {
    response: (response) => {
      const date = new Date(Date.now() + 2_000).toUTCString();
      response.writeHead(429, { "Retry-After": date }).end();
    },
    error: { code: "request_token", status: 429, retryable: true },
    // HTTP dates have no fractions of a second.
    refresh: { sends: 2, afterMs: 900 },
  },
  "malformed JSON": {
    response: raw(200, '{"access_token":"SECRET-at","token_type":"Bea'),
    error: { code: "request_token", status: 200 },
    refresh: again,
  },
  "reset in mid-body": {
    response: (response, good) => {
      const body = JSON.stringify(good);
      response.writeHead(200, { "Content-Length": body.length });
      response.write(body.slice(0, 20), () => response.socket?.resetAndDestroy());
    },
    error: { code: "network", retryable: true },
    refresh: again,
  },
  "a redirect": {
    response: (response) => void response.writeHead(307, { Location: thief.url }).end(),
    error: { code: "network" },
    refresh: again,
  },
  "200 with an error": {
    response: raw(
      200,
      '{"error":"incorrect_client_credentials","error_description":"no: SECRET-code-0"}',
    ),
    error: {
      code: "request_token",
      error: "incorrect_client_credentials",
      status: 200,
      retryable: false,
    },
    refresh: again,
  },
  "200 with invalid_grant": {
    response: raw(200, '{"error":"invalid_grant"}'),
    error: { code: "request_token", error: "invalid_grant" },
    refreshError: { code: "refresh_token", reason: "session_ended" },
  },
};
const rows = Object.entries(TABLE);
const good = rows.filter(([, { tokens }]) => tokens);
const bad = rows.filter(([, { error }]) => error);

let server: ScriptedServer;
let lazyServer: LazyServer;

beforeEach(async () => {
  thefts = 0;
  thief.url = await realServer((_, response) => {
    thefts += 1;
    sendJson(response, { access_token: "stolen", token_type: "Bearer", sub: "mallory" });
  });
  server = await scriptedServer();
  lazyServer = createLazyServer({
    issuer: server.issuer,
    clientId: CLIENT,
    scope: ["api"],
    requests: testRequests(),
    clock: systemClock,
    warn: (message) => warnings.push(message),
  });
  warnings.length = 0;
});

/** The lines for the developer. */
const warnings: string[] = [];
const sent = (what: string) => server.requests.filter((request) => request.what === what);

function expectTokens(
  tokens: TokenSet,
  { lifetimeS = 60, scope = ["openid", "api"] }: Row["tokens"] & {},
) {
  expect(tokens).toMatchObject({ tokenType: "Bearer", scope });
  const remainingS = (tokens.expiresAt - Date.now()) / 1000;
  expect(remainingS).toBeLessThanOrEqual(lifetimeS);
  expect(remainingS).toBeGreaterThan(lifetimeS - 5);
}

describe("a code exchange with the response", () => {
  const login = async () =>
    server.signIn(await lazyServer.server.authorize({ redirectUri: REDIRECT }));

  test.each(good)("%s gives tokens", async (_, { response: replied, tokens }) => {
    const response = await login();
    server.responses.push(replied);
    const got = await lazyServer.server.exchange(response);
    expectTokens(got, tokens!);
    expect(got).toMatchObject({ accessToken: "at1", user: { sub: "alice" } });
    expect(sent("POST /token")).toHaveLength(1);
  });

  test.each(bad)(
    "A8: %s rejects and is not retryable, because a code is sent once",
    async (_, { response: replied, error }) => {
      const response = await login();
      server.responses.push(replied);
      const caught = await errorFrom(lazyServer.server.exchange(response));
      expect(caught).toMatchObject({ ...error!, retryable: false });
      // The message ends with the hint of this error, and has no hint of the error that caused it.
      expect((caught as Error).message.split("\n")).toEqual([expect.any(String), caught.hint]);
      expect(shown(caught)).not.toContain("SECRET");
      expect(await errorFrom(lazyServer.server.exchange(response))).toMatchObject({
        parameter: "state",
      });
      expect(sent("POST /token")).toHaveLength(1);
      expect(thefts).toBe(0);
    },
  );
});

describe("a token request of another grant with the response", () => {
  const ask = () =>
    lazyServer.server.requestTokens({
      grant_type: "password",
      username: "alice",
      password: "SECRET-code-0",
      scope: "openid api",
    });

  test.each(good)("%s gives tokens", async (_, { response: replied, tokens }) => {
    server.responses.push(replied);
    expectTokens(await ask(), tokens!);
    expect(sent("POST /token")).toHaveLength(1);
  });

  test.each(bad)("%s rejects after one request", async (_, { response: replied, error }) => {
    server.responses.push(replied);
    const caught = await errorFrom(ask());
    expect(caught).toMatchObject(error!);
    expect(shown(caught)).not.toContain("SECRET");
    expect(sent("POST /token")).toHaveLength(1);
    expect(thefts).toBe(0);
  });
});

describe("a refresh with the response", () => {
  let store: MemorySessionStore;
  let coordinator: RefreshCoordinator;

  beforeEach(async () => {
    store = new MemorySessionStore();
    await store.update(KEY, () => expiredRow());
    let ids = 0;
    coordinator = new RefreshCoordinator({
      client: CLIENT_KEY,
      tab: "tab",
      timing: { backOffBaseMs: 10, backOffCapMs: 40, drainMs: 20, patienceMs: 8_000 },
      ports: {
        store,
        locks: new MemoryTabLock(),
        channel: new MemoryTabHub().join(),
        clock: systemClock,
        page: {
          online: () => true,
          visible: () => true,
          frozen: () => false,
          onEvent: () => () => {},
        },
        random: { id: () => `id-${++ids}`, fraction: () => 0.5 },
        send: { ...lazyServer.send, revoke: (_, token) => lazyServer.server.revoke(token) },
      },
    });
  });
  const refresh = () => coordinator.refresh({ user: ADA, target: DEFAULT_KEY, notGeneration: -1 });
  const session = async () => {
    const row = (await store.get(KEY)) as SessionRow;
    return { row, record: row.tokens as TokenRecord | null };
  };

  test.each(good)(
    "%s gives tokens and keeps a refresh token",
    async (name, { response: replied, tokens }) => {
      server.responses.push(replied);
      expectTokens(await refresh(), tokens!);
      const { row, record } = await session();
      expect(row).toMatchObject({ end: null, attempt: null, renewable: true, generation: 2 });
      expect(record?.refreshToken).toBe(name === "no refresh_token" ? "rt1" : "rt2");
      expect(record?.access[DEFAULT_KEY]?.token).toBe("at2");
      expect(sent("POST /token")).toHaveLength(1);
    },
  );

  const read = targetKey({ scope: ["read"] });
  const refreshRead = () => coordinator.refresh({ user: ADA, target: read, notGeneration: -1 });

  test("C5: that grants none of the requested scopes fails the call, and the new refresh token is kept", async () => {
    server.responses.push(having({ scope: "openid profile" }));
    await expect(refreshRead()).rejects.toMatchObject({
      code: "request_token",
      message: expect.stringMatching(
        /did not grant the scope read. It granted openid profile\nAdd the scope to `scope`/,
      ),
    });
    const { row, record } = await session();
    expect(row).toMatchObject({ end: null, renewable: true });
    expect(row.access[read]).toBeUndefined();
    expect(record?.refreshToken).toBe("rt2");
  });

  test.each([
    "openid api://orders/read",
    "https://api.example/auth/orders.read",
    "orders:read",
    ["openid", "read"],
  ])("C5: that grants the requested scope as %j gives its token", async (scope) => {
    server.responses.push(having({ scope }));
    expect((await refreshRead()).accessToken).toBe("at2");
    expect(warnings).toEqual([]);
  });

  test("C5: that grants fewer scopes gives its token, serves no other target, and is told once", async () => {
    const both = targetKey({ scope: ["read", "write"] });
    const ask = (target: typeof both, notGeneration = -1) =>
      coordinator.refresh({ user: ADA, target, notGeneration });
    server.responses.push(having({ scope: ["read"] }), having({ scope: "read" }));
    const first = await ask(both);
    expect(first.scope).toEqual(["read"]);
    expect((await ask(both, first.generation)).scope).toEqual(["read"]);
    expect(warnings).toEqual([expect.stringContaining("the scope write. It granted read.")]);
    const { row } = await session();
    const isGood = () => true;
    expect(findAccess(row, both, isGood)).toBe(both);
    expect(findAccess(row, read, isGood)).toBe(both);
    expect(findAccess(row, targetKey({ scope: ["write"] }), isGood)).toBeUndefined();
  });

  test.each(["", [], "other"])(
    "C5: that grants %j serves no target with a scope",
    async (scope) => {
      server.responses.push(having({ scope }));
      await expect(refreshRead()).rejects.toMatchObject({ code: "request_token" });
    },
  );

  test.each(rows.filter(([, { error, refresh }]) => error && refresh))(
    "%s, and then a valid one, keeps the session",
    async (_, { response: replied, refresh: expected }) => {
      server.responses.push(replied);
      const begun = performance.now();
      expectTokens(await refresh(), {});
      expect(performance.now() - begun).toBeGreaterThanOrEqual(expected?.afterMs ?? 0);
      const { row, record } = await session();
      expect(row).toMatchObject({ end: null, attempt: null, renewable: true, generation: 2 });
      expect(record).toMatchObject({ refreshToken: "rt3" });
      expect(sent("POST /token").map(({ body }) => body.get("refresh_token"))).toEqual(
        Array.from({ length: expected!.sends }, () => "rt1"),
      );
      expect(thefts).toBe(0);
    },
  );

  test("200 with invalid_grant ends the session", async () => {
    const { response: replied, refreshError } = TABLE["200 with invalid_grant"]!;
    server.responses.push(replied);
    expect(await errorFrom(refresh())).toMatchObject(refreshError!);
    const { row } = await session();
    expect(row).toMatchObject({ end: { reason: "session_ended" }, tokens: null, renewable: false });
    expect(sent("POST /token")).toHaveLength(1);
  });
});

describe("a device authorization with the response", () => {
  const authorize = async () => {
    const device = await lazyServer.server.authorizeDevice({});
    expect(device).toMatchObject({
      deviceCode: "SECRET-device",
      userCode: "ABCD-EFGH",
      verificationUri: `${server.issuer}/activate`,
      scope: ["openid", "api"],
    });
    return { ...device, lifetimeS: Math.round((device.expiresAt - Date.now()) / 1000) || 0 };
  };

  test.each(good)("%s can be used", async (name, { response: replied, tokens }) => {
    server.responses.push(replied);
    const lifetimeS = name.startsWith("expires_in") ? tokens!.lifetimeS : 60;
    expect(await authorize()).toMatchObject({ lifetimeS, intervalMs: 7_000 });
    expect(sent("POST /device")[0]!.body.get("scope")).toBe("openid api");
  });

  test.each([
    ["missing", undefined, 5_000],
    ["a string", "9", 9_000],
    ["no number", "soon", 5_000],
    ["0", 0, 5_000],
    ["negative", -1, 5_000],
    ["huge", 1e15, 600_000],
  ])("an interval that is %s can be used", async (_, interval, intervalMs) => {
    server.responses.push(having({ interval }));
    expect(await authorize()).toMatchObject({ intervalMs });
  });

  test.each(bad)("%s rejects", async (_, { response: replied, error }) => {
    server.responses.push(replied);
    const caught = await errorFrom(lazyServer.server.authorizeDevice({}));
    const isNetwork = error!["code"] === "network";
    const reason = error!["status"] === 200 && !error!["error"] ? "invalid" : "refused";
    expect(caught).toMatchObject(isNetwork ? error! : { ...error, code: "device_code", reason });
    expect(shown(caught)).not.toMatch(/SECRET-(trace|at|device)/);
    // Node does not check origins, so CORS cannot be the cause.
    expect(caught.hint).not.toContain("does not allow this origin");
    expect(sent("POST /device")).toHaveLength(1);
    expect(thefts).toBe(0);
  });

  test.each([
    ["no device_code", without("device_code")],
    ["no user_code", without("user_code")],
    ["no verification_uri", without("verification_uri")],
    ["a page that is a script", having({ verification_uri: "javascript:alert(1)" })],
    ["a page without https", having({ verification_uri: "http://id.example.com/activate" })],
  ])("%s is invalid", async (_, replied) => {
    server.responses.push(replied);
    expect(await errorFrom(lazyServer.server.authorizeDevice({}))).toMatchObject({
      code: "device_code",
      reason: "invalid",
      retryable: false,
    });
  });

  test("omits a verification_uri_complete that is a script, and reads Google's verification_url", async () => {
    server.responses.push((response, { verification_uri, ...rest }) =>
      sendJson(response, {
        ...rest,
        verification_url: verification_uri,
        verification_uri_complete: "javascript:alert(1)",
      }),
    );
    expect(await authorize()).not.toHaveProperty("verificationUriComplete");
    server.responses.push(having({ verification_uri_complete: `${server.issuer}/activate?c=1` }));
    expect((await authorize()).verificationUriComplete).toBe(`${server.issuer}/activate?c=1`);
  });
});

describe("userinfo with the response", () => {
  const ask = () => lazyServer.server.userinfo("SECRET-at");

  test("claims returns the claims", async () => {
    expect(await ask()).toEqual({ sub: "alice", name: "Alice" });
  });

  test.each([
    ["401", raw(401, "SECRET-at"), { status: 401, isFinal: true, retryable: false }],
    ["403", raw(403, '{"error":"insufficient_scope"}'), { status: 403, isFinal: true }],
    ["400 with an empty body", raw(400, ""), { status: 400, isFinal: false }],
    ["500 with HTML", raw(500, "<p>", HTML), { status: 500, isFinal: false, retryable: true }],
    ["429", raw(429, "", { "Retry-After": "1" }), { status: 429, isFinal: false, retryable: true }],
    ["malformed JSON", raw(200, '{"sub":"al'), { status: 200, isFinal: false }],
    ["a signed response", raw(200, "eyJhbGciOiJub25lIn0.e30."), { status: 200, isFinal: false }],
    ["an array", raw(200, "[]"), { status: 200, isFinal: false }],
  ])("%s rejects", async (_, replied, fields) => {
    server.responses.push(replied);
    const error = await errorFrom(ask());
    expect(error).toMatchObject({ code: "user_fetch", ...fields });
    expect(shown(error)).not.toContain("SECRET");
  });

  test.each(["reset in mid-body", "a redirect"])("%s is a NetworkError", async (name) => {
    server.responses.push(TABLE[name]!.response);
    expect(await errorFrom(ask())).toMatchObject({ code: "network", retryable: true });
    expect(thefts).toBe(0);
  });
});

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  createClient,
  PasswordGrant,
  type CreateClientConfig,
  type Credentials,
} from "../../src/confidential.ts";
import { NoTokenError } from "../../src/core/errors.ts";
import { RequestTokenError } from "../../src/core/protocol-errors.ts";
import { tokenSet } from "../../src/core/token-set.ts";
import { CachedGrant } from "../../src/grants/cached-grant.ts";
import { RefreshTokenGrant } from "../../src/grants/refresh-token-grant.ts";
import { TokenManager } from "../../src/service/token-manager.ts";
import { MemoryTabLock } from "../../src/memory/memory-tab-lock.ts";
import { MemoryTokenStorage } from "../../src/memory/memory-token-storage.ts";
import { errorFrom } from "../oidc/support.ts";
import { mapStorage, scriptedGrant } from "./support.ts";

/** The server refuses a refresh token but does not end it. */

const TOKEN_ENDPOINT = "https://id.example.com/token";
const LIFETIME_MS = 60_000;
const MINUTE_MS = 60_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

const pass = (ms: number) => void vi.setSystemTime(Date.now() + ms);

/** Clients with one storage, whose user enters a password. `refresh` gives the response to each refresh. */
function passwordClients(refresh: () => Response) {
  const sent: Record<string, string>[] = [];
  const storage = new MemoryTokenStorage();
  const locks = new MemoryTabLock();
  const credentials = vi.fn<() => Promise<Credentials>>(async () => ({
    username: "ada",
    password: "pw",
  }));
  const start = (changes: Partial<CreateClientConfig> = {}) =>
    createClient({
      issuer: "https://id.example.com",
      clientId: "parts",
      authentication: { method: "client_secret_post", clientSecret: "a secret of 32 characters" },
      endpoints: {
        authorizationEndpoint: "https://id.example.com/authorize",
        tokenEndpoint: TOKEN_ENDPOINT,
      },
      storage,
      locks,
      service: "ada",
      grant: (server) => new PasswordGrant(server, { credentials }),
      fetch: async (_, { body }) => {
        const form = Object.fromEntries(new URLSearchParams(body as string));
        sent.push(form);
        if (form["grant_type"] === "refresh_token") return refresh();
        const nth = credentials.mock.calls.length;
        return Response.json({
          access_token: `at${nth}`,
          token_type: "Bearer",
          expires_in: LIFETIME_MS / 1_000,
          refresh_token: `rt${nth}`,
        });
      },
      ...changes,
    });
  const refreshes = () => sent.filter((form) => form["grant_type"] === "refresh_token").length;
  return { start, sent, refreshes, credentials };
}

const refusal =
  (error: string, status = 400) =>
  () =>
    Response.json({ error, error_description: `says ${error}` }, { status });

describe("the server requires a user", () => {
  test.for([
    "interaction_required",
    "consent_required",
    "login_required",
    "invalid_request",
    "invalid_token",
    "unauthorized_client",
  ])("A5: after %s a PasswordGrant asks for the password again", async (error) => {
    const { start, credentials, refreshes } = passwordClients(refusal(error));
    const { getToken } = start({ scope: ["reports"] });
    expect(await getToken()).toBe("at1");
    pass(LIFETIME_MS);
    expect(await getToken()).toBe("at2");
    expect(await getToken()).toBe("at2");
    expect(credentials).toHaveBeenCalledTimes(2);
    expect(refreshes()).toBe(1);
  });

  test("A5: with prompt none rejects with the server's error, after one request", async () => {
    const { start, credentials, refreshes } = passwordClients(refusal("interaction_required"));
    const { getToken } = start();
    await getToken();
    pass(LIFETIME_MS);
    for (let i = 0; i < 20; i++) {
      expect(await errorFrom(getToken({ prompt: "none" }))).toMatchObject({
        code: "refresh_token",
        reason: "user_needed",
        error: "interaction_required",
        errorDescription: "says interaction_required",
        status: 400,
      });
      pass(1_000);
    }
    expect(refreshes()).toBe(1);
    expect(credentials).toHaveBeenCalledTimes(1);
  });

  test("A5: keeps the refresh token, and sends it again after ten minutes and then each hour", async () => {
    let response = refusal("consent_required");
    const { start, refreshes } = passwordClients(() => response());
    await start().getToken();
    pass(LIFETIME_MS);
    const at: number[] = [];
    const begin = Date.now();
    for (let minute = 0; minute <= 140; minute++) {
      // Each call is a new process over the same storage.
      const before = refreshes();
      await errorFrom(start().getToken({ prompt: "none" }));
      if (refreshes() > before) at.push((Date.now() - begin) / MINUTE_MS);
      pass(MINUTE_MS);
    }
    expect(at).toEqual([0, 10, 70, 130]);
    response = () =>
      Response.json({ access_token: "renewed", token_type: "Bearer", refresh_token: "rt2" });
    pass(60 * MINUTE_MS);
    expect(await start().getToken({ prompt: "none" })).toBe("renewed");
  });

  test("A5: sends client credentials after the refresh token was refused", async () => {
    const sent: (string | null)[] = [];
    const { getToken } = createClient({
      issuer: "https://id.example.com",
      clientId: "reports",
      authentication: { method: "client_secret_post", clientSecret: "a secret of 32 characters" },
      endpoints: {
        authorizationEndpoint: "https://id.example.com/authorize",
        tokenEndpoint: TOKEN_ENDPOINT,
      },
      fetch: async (_, { body }) => {
        const type = new URLSearchParams(body as string).get("grant_type");
        sent.push(type);
        if (type === "refresh_token") return refusal("unauthorized_client")();
        const access_token = `at${sent.length}`;
        return Response.json({
          access_token,
          token_type: "Bearer",
          expires_in: 60,
          refresh_token: "rt",
        });
      },
    });
    expect(await getToken()).toBe("at1");
    pass(LIFETIME_MS);
    expect(await getToken()).toBe("at3");
    expect(sent).toEqual(["client_credentials", "refresh_token", "client_credentials"]);
  });

  test("A5: returns a token that is still valid", async () => {
    const { start } = passwordClients(refusal("login_required"));
    const { getToken } = start();
    await getToken();
    pass(LIFETIME_MS - 5_000);
    expect(await getToken({ prompt: "none" })).toBe("at1");
    pass(5_000);
    expect(await errorFrom(getToken({ prompt: "none" }))).toMatchObject({ reason: "user_needed" });
  });

  test("A5: a CachedGrant keeps the refresh token, and calls its inner grant", async () => {
    const storage = mapStorage();
    const requestTokens = vi.fn(() =>
      Promise.reject(
        new RequestTokenError("x", { hint: "x", error: "consent_required", status: 400 }),
      ),
    );
    let mayAsk = true;
    const inner = scriptedGrant((_, nth) => {
      if (!mayAsk) throw new NoTokenError("a user is needed");
      return tokenSet({
        accessToken: `at${nth}`,
        tokenType: "Bearer",
        expiresAt: Date.now() + LIFETIME_MS,
        scope: [],
        refreshToken: `rt${nth}`,
      });
    });
    const grant = () =>
      new CachedGrant(new RefreshTokenGrant(inner, { requestTokens }), { storage, key: "k" });
    await grant().requestToken({});
    pass(LIFETIME_MS);
    mayAsk = false;
    for (let i = 0; i < 5; i++) {
      expect(await errorFrom(grant().requestToken({ prompt: "none" }))).toMatchObject({
        reason: "user_needed",
        error: "consent_required",
      });
    }
    expect(requestTokens).toHaveBeenCalledTimes(1);
    pass(10 * MINUTE_MS);
    await errorFrom(grant().requestToken({ prompt: "none" }));
    expect(requestTokens).toHaveBeenCalledTimes(2);
    mayAsk = true;
    expect((await grant().requestToken({})).accessToken).not.toBe("at1");
  });
});

describe("the server gives no known reason", () => {
  test.for([
    [
      "a 400 with a message of its own",
      () => Response.json({ status: 400, message: "Invalid refresh token" }, { status: 400 }),
    ],
    ["an empty 400", () => new Response("", { status: 400 })],
    ["a plain 401", () => new Response("Unauthorized", { status: 401 })],
    ["a 404 page", () => new Response("<h1>Not found</h1>", { status: 404 })],
    ["an unknown error code", refusal("token_inactive")],
    ["a 200 without a token", () => Response.json({ ok: true })],
  ] as const)("A6: does not ask the user at once after %s", async ([, refresh]) => {
    const { start, credentials, refreshes } = passwordClients(refresh);
    const { getToken } = start();
    await getToken();
    pass(LIFETIME_MS);
    expect(await errorFrom(getToken())).toMatchObject({ code: "request_token" });
    expect(await errorFrom(getToken())).toMatchObject({ code: "request_token" });
    pass(30_000);
    expect(await errorFrom(getToken())).toMatchObject({ code: "request_token" });
    expect(credentials).toHaveBeenCalledTimes(1);
    pass(31_000);
    // The fourth refusal within 61 seconds.
    expect(await getToken()).toBe("at2");
    expect(credentials).toHaveBeenCalledTimes(2);
    expect(refreshes()).toBe(4);
  });

  test("A6: a call every five seconds sends few requests in the first hour, across restarts", async () => {
    const { start, refreshes } = passwordClients(() => new Response("", { status: 400 }));
    await start().getToken();
    pass(LIFETIME_MS);
    const codes: unknown[] = [];
    for (let second = 0; second < 3_600; second += 5) {
      const error = await errorFrom(start().getToken({ prompt: "none" }));
      codes.push("reason" in error ? error.reason : error.code);
      pass(5_000);
    }
    expect(refreshes()).toBeLessThanOrEqual(10);
    expect(codes.slice(0, 12)).toEqual(Array(12).fill("request_token"));
    expect(codes.slice(13)).toEqual(Array(707).fill("user_needed"));
  });

  test("A6: a success resets the count of unexplained refusals", async () => {
    const responses = [() => new Response("", { status: 400 })];
    let n = 1;
    const { start, credentials } = passwordClients(() =>
      (
        responses.pop() ??
        (() =>
          Response.json({
            access_token: `r${++n}`,
            token_type: "Bearer",
            expires_in: 60,
            refresh_token: `rt${n}`,
          }))
      )(),
    );
    const { getToken } = start();
    await getToken();
    pass(LIFETIME_MS);
    await errorFrom(getToken());
    expect(await getToken()).toBe("r2");
    for (let i = 0; i < 5; i++) {
      responses.push(() => new Response("", { status: 401 }));
      pass(LIFETIME_MS + 30_000);
      await errorFrom(getToken());
      expect(await getToken()).toBe(`r${3 + i}`);
    }
    expect(credentials).toHaveBeenCalledTimes(1);
  });

  test("A6: ignores a damaged record of refusals", async () => {
    const storage = new MemoryTokenStorage();
    const sent = vi.fn(async () =>
      tokenSet({
        accessToken: "renewed",
        tokenType: "Bearer",
        expiresAt: Date.now() + LIFETIME_MS,
        scope: [],
      }),
    );
    const inner = scriptedGrant(() =>
      tokenSet({
        accessToken: "at1",
        tokenType: "Bearer",
        expiresAt: Date.now() + LIFETIME_MS,
        scope: [],
        refreshToken: "rt1",
      }),
    );
    const { getToken } = new TokenManager({
      provider: new RefreshTokenGrant(inner, { requestTokens: sent }),
      storage,
      locks: new MemoryTabLock(),
      clock: { now: () => Date.now() },
    });
    await getToken();
    const key = `auth_token::["","",""]`;
    const refusal = { meaning: "user needed", count: "many", lastAt: Date.now(), firstAt: 0 };
    await storage.set(key, { ...((await storage.get(key)) as object), refusal });
    pass(LIFETIME_MS);
    expect(await getToken({ prompt: "none" })).toBe("renewed");
  });
});

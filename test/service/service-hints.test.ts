import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { createTokenManager } from "../../src/compose/create-token-manager.ts";
import {
  createClient,
  DeviceCodeGrant,
  PasswordGrant,
  type CreateClientConfig,
} from "../../src/confidential.ts";
import {
  CancelledError,
  isAuthError,
  NoTokenError,
  StorageError,
  TimeoutError,
} from "../../src/core/errors.ts";
import type { Grant } from "../../src/core/grant.ts";
import { tokenSet } from "../../src/core/token-set.ts";
import { MemoryTabLock } from "../../src/memory/memory-tab-lock.ts";
import { MemoryTokenStorage } from "../../src/memory/memory-token-storage.ts";
import { errorFrom } from "../oidc/support.ts";

/** Every error that a client throws, and what its hint must not say: a client has no page, no login() and no signed-in user. */

const FOREIGN =
  /call login\(\)|login\(\)|click handler|\bpage\b|browser|\btab\b|CORS|Content Security Policy|loginOptions|redirectUri|silentSignOn|offline_access|log in again|signed|session is kept|createAuth/i;

const ISSUER = "https://id.example.com";
const endpoints = {
  tokenEndpoint: `${ISSUER}/token`,
  deviceAuthorizationEndpoint: `${ISSUER}/device`,
};
const good = { access_token: "at", token_type: "Bearer", expires_in: 60, refresh_token: "rt" };
const code = {
  device_code: "DEVICE-7f3a",
  user_code: "U",
  verification_uri: `${ISSUER}/d`,
  expires_in: 60,
  interval: 1,
};
const password: CreateClientConfig["grant"] = (server) =>
  new PasswordGrant(server, { credentials: async () => ({ username: "ada", password: "pw" }) });
const device: CreateClientConfig["grant"] = (server, parts) =>
  new DeviceCodeGrant(server, { ...parts, prompt: { showCode: () => {} } });
const throwing = (error: unknown): Grant => ({ requestToken: () => Promise.reject(error) });

/** A client whose server gives these responses: a body with status 200, or a refusal with status 400, or a status. */
function clientWith(
  changes: Partial<CreateClientConfig>,
  ...responses: (object | number | string)[]
) {
  return createClient({
    issuer: ISSUER,
    clientId: "reports",
    authentication: { method: "client_secret_basic", clientSecret: "SECRET-7f3a" },
    endpoints,
    fetch: async () => {
      const response = responses.shift() ?? 503;
      if (response === "offline") throw new TypeError("fetch failed");
      if (typeof response === "number") return new Response("", { status: response });
      return typeof response === "string"
        ? Response.json({ error: response }, { status: 400 })
        : Response.json(response);
    },
    ...changes,
  });
}

const failingStorage = (): MemoryTokenStorage =>
  Object.assign(new MemoryTokenStorage(), {
    get: () => Promise.reject(new StorageError("the storage is damaged")),
  });
const busyLocks = (): MemoryTabLock =>
  Object.assign(new MemoryTabLock(), {
    request: () =>
      Promise.reject(new TimeoutError("another call held the lock", { pending: true })),
  });

const call = (client: ReturnType<typeof clientWith>) => errorFrom(client.getToken());
const afterLogin = async (client: ReturnType<typeof clientWith>, prompt?: "none") => {
  await client.getToken();
  return errorFrom(client.forceRefresh(prompt && { prompt }));
};

/** Each row: what fails, the error's code, a part of the hint, and the call. */
const ERRORS: readonly (readonly [string, string, string, () => Promise<unknown>])[] = [
  ["the network is gone", "network", "DNS", () => call(clientWith({}, "offline"))],
  ["the server is down", "request_token", "log", () => call(clientWith({}, 503))],
  ["the response is malformed", "request_token", "RFC 6749", () => call(clientWith({}, {}))],
  [
    "no metadata",
    "discovery",
    "issuer",
    () => {
      const { endpoints: _, ...rest } = { endpoints, ...{} };
      const client = createClient({
        ...rest,
        ...{
          issuer: ISSUER,
          clientId: "reports",
          fetch: async () => new Response("", { status: 404 }),
        },
        authentication: { method: "client_secret_basic", clientSecret: "SECRET-7f3a" },
      });
      return errorFrom(client.getToken());
    },
  ],
  ...(
    [
      ["invalid_client", "`authentication`"],
      ["invalid_scope", "`scope`"],
      ["invalid_request", "`extraParameters`"],
      ["invalid_target", "`audience`"],
      ["unauthorized_client", "`grant`"],
      ["unsupported_grant_type", "`grant`"],
      ["redirect_uri_mismatch", "user agent"],
      ["access_denied", "log"],
    ] as const
  ).map(
    ([error, hint]) => [error, "request_token", hint, () => call(clientWith({}, error))] as const,
  ),
  [
    "a wrong password",
    "request_token",
    "log",
    () => call(clientWith({ grant: password }, "invalid_grant")),
  ],
  [
    "prompt none before the first login",
    "no_token",
    'without prompt: "none"',
    () => errorFrom(clientWith({ grant: password }).getToken({ prompt: "none" })),
  ],
  [
    "the refresh token is rejected, and no user can be asked",
    "refresh_token",
    "getToken()",
    () => afterLogin(clientWith({ grant: password }, good, "invalid_grant"), "none"),
  ],
  [
    "the server wants a user, and no user can be asked",
    "refresh_token",
    "getToken()",
    () => afterLogin(clientWith({ grant: password }, good, "interaction_required"), "none"),
  ],
  [
    "an unexplained refusal of the refresh token",
    "request_token",
    "log",
    () => afterLogin(clientWith({ grant: password }, good, "weird_error")),
  ],
  [
    "the refresh fails",
    "request_token",
    "log",
    () => afterLogin(clientWith({ grant: password }, good, 500)),
  ],
  [
    "the storage fails",
    "storage",
    "`storage`",
    () => call(clientWith({ storage: failingStorage() })),
  ],
  [
    "another call holds the lock",
    "timeout",
    "getToken()",
    () => call(clientWith({ locks: busyLocks() })),
  ],
  [
    "invalidateToken() waits in vain",
    "timeout",
    "getToken()",
    () => errorFrom(clientWith({ locks: busyLocks() }).invalidateToken()),
  ],
  [
    "a user denies the device",
    "device_code",
    "getToken()",
    () => call(clientWith({ grant: device }, code, "access_denied")),
  ],
  [
    "the device code expires",
    "device_code",
    "getToken()",
    () => call(clientWith({ grant: device }, code, "expired_token")),
  ],
  [
    "the device flow is not allowed",
    "device_code",
    "`grant`",
    () => call(clientWith({ grant: device }, "unauthorized_client")),
  ],
  [
    "a device prompt with prompt none",
    "no_token",
    'without prompt: "none"',
    () => errorFrom(clientWith({ grant: device }).getToken({ prompt: "none" })),
  ],
  [
    "the user dismisses the prompt",
    "cancelled",
    "getToken()",
    () =>
      call(
        clientWith({ grant: () => throwing(new CancelledError("the user dismissed the prompt")) }),
      ),
  ],
  [
    "a grant of the app",
    "no_token",
    "getToken()",
    () => call(clientWith({ grant: () => throwing(new NoTokenError("the vault is closed")) })),
  ],
  [
    "fetch() without allow",
    "configuration",
    "URLs",
    () => errorFrom(clientWith({}).fetch("https://api.example.com")),
  ],
];

describe("an error of a client", { timeout: 30_000 }, () => {
  test.for(ERRORS)("speaks of the client when %s: %s", async ([, code, hint, work]) => {
    const error = (await work()) as Error & { hint: string };
    expect(error).toMatchObject({ code });
    expect(error.hint).toContain(hint);
    expect(error.hint).not.toMatch(FOREIGN);
    // The hint is the end of the message, and an uncaught error shows the same text.
    expect(error.message.endsWith(`\n${error.hint}`)).toBe(true);
    expect(error.message.split("\n")).toHaveLength(2);
    expect(inspect(error)).toContain(error.hint);
    expect(inspect(error)).not.toMatch(/call login\(\)|click handler/i);
  });
});

describe("an error of a token manager", () => {
  const manager = (provider: Grant) =>
    createTokenManager({ provider, storage: new MemoryTokenStorage(), locks: new MemoryTabLock() });

  test("speaks of the manager when its tokens depend on no user", async () => {
    const provider = { owner: null, ...throwing(new NoTokenError("a password is needed")) };
    const error = await errorFrom(manager(provider).getToken());
    expect(error).toMatchObject({ code: "no_token", hint: expect.not.stringMatching(FOREIGN) });
  });

  test("speaks of login() when its tokens belong to the user of an Auth", async () => {
    const provider: Grant = {
      owner: { getUser: async () => ({ sub: "ada" }) },
      ...throwing(new NoTokenError("a login is needed")),
    };
    const error = await errorFrom(manager(provider).getToken());
    expect(error).toMatchObject({ hint: "Call login() in a click handler." });
  });

  test("that is no error of Latchkey passes unchanged", async () => {
    const mine = new Error("mine");
    const failing = manager({ owner: null, ...throwing(mine) });
    await expect(failing.getToken()).rejects.toBe(mine);
    expect(mine.message).toBe("mine");
    const tokens = tokenSet({
      ...{ accessToken: "at", tokenType: "Bearer", scope: [], expiresAt: Date.now() + 60_000 },
    });
    expect(await manager({ owner: null, requestToken: async () => tokens }).getToken()).toBe("at");
  });

  test("keeps a hint of the app, and the app's own error stays as it is", async () => {
    const mine = new CancelledError("the vault is closed", "Ask ops to open the vault.");
    await expect(manager({ owner: null, ...throwing(mine) }).getToken()).rejects.toBe(mine);
    expect(mine.hint).toBe("Ask ops to open the vault.");

    const shared = new NoTokenError("a password is needed");
    const { message, stack, hint } = shared;
    const error = await errorFrom(manager({ owner: null, ...throwing(shared) }).getToken());
    expect(error).toBeInstanceOf(NoTokenError);
    expect(isAuthError(error)).toBe(true);
    expect(error).toMatchObject({ name: "NoTokenError", code: "no_token", retryable: false });
    expect(error.hint).not.toBe(hint);
    expect(shared).toMatchObject({ message, stack, hint });
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startProvider, type RunningProvider } from "../../demo/server/provider.ts";
import { systemClock, systemRandom } from "../../src/browser/page/system-clock.ts";
import type { DeviceCode, DeviceStatus } from "../../src/core/device-prompt.ts";
import type { TokenRequest } from "../../src/core/grant.ts";
import type { Clock } from "../../src/core/ports.ts";
import { createLazyServer } from "../../src/compose/lazy-server.ts";
import { DeviceCodeGrant } from "../../src/grants/device/device-code-grant.ts";
import { MemoryRequestStore } from "../../src/memory/memory-request-store.ts";
import { MemoryTabLock } from "../../src/memory/memory-tab-lock.ts";
import { decide } from "../support/device-person.ts";
import { until } from "../support/until.ts";

/** Device logins at the embedded provider. A simulated user visits its verification page by `fetch`. */

const ORIGIN = "http://localhost:5173";

let provider: RunningProvider;
beforeAll(async () => {
  provider = await startProvider({ port: 0, origins: [ORIGIN], deviceIntervalSeconds: 1 });
});
afterAll(async () => {
  await provider?.close();
});
beforeEach(() => {
  provider.setDeviceCodeTtl(600);
});

/** Sleeps for a tenth of the requested time. */
const hasty: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 10, signal) };

/** Starts a device login. Returns the shown code and how the login ends. */
async function begin(request: TokenRequest = {}, clock: Clock = hasty) {
  const requests = new MemoryRequestStore();
  const { server } = createLazyServer({
    issuer: provider.issuer,
    clientId: provider.clientId,
    scope: ["openid", "profile"],
    requests: new MemoryRequestStore(),
    clock,
  });
  const statuses: DeviceStatus[] = [];
  let code: DeviceCode | undefined;
  const grant = new DeviceCodeGrant(server, {
    client: provider.clientId,
    locks: new MemoryTabLock(),
    random: systemRandom,
    requests,
    clock,
    prompt: {
      showCode: (given, { subscribe }) => {
        code = given;
        subscribe((status) => statuses.push(status));
      },
    },
  });
  const polls = provider.tokenRequests.count;
  const login = grant.requestToken(request);
  const ended = login.then(
    (tokens) => ({ tokens }),
    (error: unknown) => ({ error }),
  );
  await until("a code is shown", () => code !== undefined);
  return {
    server,
    requests,
    statuses,
    login,
    ended,
    code: code!,
    polls: () => provider.tokenRequests.log.slice(polls),
  };
}

describe("a user who approves the login", () => {
  test("gets verified claims, a refresh token and a valid access token", async () => {
    const { code, login, server, statuses, polls, requests } = await begin();
    expect(code.verificationUri).toBe(`${provider.issuer}/device`);
    expect(code.verificationUriComplete).toContain(code.userCode);
    expect(code.expiresAt - Date.now()).toBeGreaterThan(590_000);
    await until("some polls", () => polls().length > 1);
    expect(await decide(code.verificationUri, code.userCode, { approveAs: "ada" })).toBe(
      "Your device is connected",
    );
    const tokens = await login;
    expect(tokens).toMatchObject({
      user: { sub: "ada", name: "Ada Lovelace" },
      refreshToken: expect.any(String),
      scope: ["openid", "profile"],
    });
    expect(await server.userinfo(tokens.accessToken)).toMatchObject({ sub: "ada" });
    expect(statuses).toEqual(["waiting", "approved"]);
    expect(new Set(polls().map(({ error }) => error))).toEqual(
      new Set(["authorization_pending", undefined]),
    );
    expect(await requests.getAllKeys()).toEqual([]);
  });

  test("gets a token for the requested resource and scopes", async () => {
    const resource = `${ORIGIN}/api`;
    const { code, login } = await begin({ resource, scope: ["api:read"] });
    await decide(code.verificationUri, code.userCode, { approveAs: "grace" });
    const { accessToken, scope, user } = await login;
    expect(user).toMatchObject({ sub: "grace" });
    expect(scope).toContain("api:read");
    const token = await provider.provider.AccessToken.find(accessToken);
    expect(token?.aud).toBe(resource);
  });

  test.for([
    ["a cut connection", { lose: "request" }],
    ["a 500 with HTML", { status: 500, body: "<h1>oops</h1>" }],
    ["a 503 with Retry-After", { status: 503, headers: { "Retry-After": "1" } }],
    ["slow_down", { status: 400, body: { error: "slow_down" } }],
    ["a refusal that GitHub would send", { status: 200, body: { error: "authorization_pending" } }],
  ] as const)("is logged in after %s, too", async ([, fault]) => {
    provider.tokenRequests.failNext(fault, 2);
    const { code, login } = await begin();
    await decide(code.verificationUri, code.userCode, { approveAs: "linus" });
    expect(await login).toMatchObject({ user: { sub: "linus" } });
  });
});

test("the error of a poll contains the time of Retry-After", async () => {
  const { server, code, login } = await begin();
  provider.tokenRequests.respondNext(429, { headers: { "Retry-After": "7" }, times: 2 });
  await expect(
    server.requestTokens({ grant_type: "urn:ietf:params:oauth:grant-type:device_code" }),
  ).rejects.toMatchObject({ status: 429, retryable: true, retryAfterMs: 7_000 });
  await decide(code.verificationUri, code.userCode, { approveAs: "ada" });
  expect(await login).toMatchObject({ user: { sub: "ada" } });
});

describe("a user who does not approve the login", () => {
  test("denies it", async () => {
    const { code, ended, statuses, requests, polls } = await begin();
    await decide(code.verificationUri, code.userCode, "deny");
    expect(await ended).toMatchObject({
      error: { code: "device_code", reason: "access_denied", error: "access_denied", status: 400 },
    });
    expect(statuses).toEqual(["waiting", "denied"]);
    expect(await requests.getAllKeys()).toEqual([]);
    expect(polls().at(-1)).toMatchObject({ error: "access_denied" });
  });

  test("lets the code expire, which the device's clock notices", async () => {
    provider.setDeviceCodeTtl(1);
    const { ended, statuses, requests } = await begin({}, systemClock);
    expect(await ended).toMatchObject({
      error: { code: "device_code", reason: "expired_token", error: undefined },
    });
    expect(statuses).toEqual(["waiting", "expired"]);
    expect(await requests.getAllKeys()).toEqual([]);
  });

  test("lets the code expire, which the server reports when the device's clocks have stopped", async () => {
    provider.setDeviceCodeTtl(2);
    const now = Date.now();
    const { ended, statuses } = await begin({}, { ...hasty, now: () => now, monotonic: () => 0 });
    expect(await ended).toMatchObject({
      error: { code: "device_code", reason: "expired_token", error: "expired_token" },
    });
    expect(statuses).toEqual(["waiting", "expired"]);
  });
});

test("an error does not contain the device code that the server repeats", async () => {
  const { ended, requests } = await begin();
  const secret = /"deviceCode":"([^"]+)"/.exec(
    (await requests.get((await requests.getAllKeys())[0]!))!,
  )![1]!;
  provider.tokenRequests.failNext({
    status: 400,
    body: { error: "invalid_grant", error_description: `no such code: ${secret}` },
  });
  const { error } = (await ended) as { error: Error };
  expect(error).toMatchObject({ code: "request_token", error: "invalid_grant" });
  expect(error).toMatchObject({ errorDescription: "no such code: [redacted]" });
  expect(JSON.stringify(error) + String(error.stack)).not.toContain(secret);
});

test("rejects with a hint when the server has no device authorization endpoint", async () => {
  const { server } = createLazyServer({
    issuer: provider.issuer,
    clientId: provider.clientId,
    scope: ["openid"],
    requests: new MemoryRequestStore(),
    clock: systemClock,
    fetch: async (url, init) => {
      const response = await fetch(url, init);
      if (!url.includes("well-known")) return response;
      const { device_authorization_endpoint: _, ...rest } = (await response.json()) as Record<
        string,
        unknown
      >;
      return Response.json(rest);
    },
  });
  const grant = new DeviceCodeGrant(server, {
    client: provider.clientId,
    locks: new MemoryTabLock(),
    requests: new MemoryRequestStore(),
    clock: systemClock,
    prompt: { showCode: () => expect.unreachable("there is no code") },
  });
  await expect(grant.requestToken({})).rejects.toMatchObject({
    code: "device_code",
    reason: "unsupported",
    hint: expect.stringContaining("deviceAuthorizationEndpoint"),
  });
});

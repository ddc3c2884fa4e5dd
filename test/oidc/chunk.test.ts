import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { LazyServer } from "../../src/compose/lazy-server.ts";
import { CLIENT, fakeFetch, ISSUER, json, REDIRECT, testClock, testRequests } from "./support.ts";

const requests = testRequests();
const fetch = fakeFetch(() =>
  json({
    issuer: ISSUER,
    authorization_endpoint: `${ISSUER}/authorize`,
    token_endpoint: `${ISSUER}/token`,
    jwks_uri: `${ISSUER}/jwks`,
  }),
);

async function lazyServer(): Promise<LazyServer> {
  const { createLazyServer } = await import("../../src/compose/lazy-server.ts");
  return createLazyServer({
    issuer: ISSUER,
    clientId: CLIENT,
    scope: ["openid"],
    requests,
    clock: testClock(),
    fetch,
  });
}

/** A page that is older than the deployment: `chunk` no longer exists. */
function lazyServerWithout(chunk: string): Promise<LazyServer> {
  vi.resetModules();
  vi.doMock(chunk, () => {
    throw new TypeError("Failed to fetch dynamically imported module");
  });
  return lazyServer();
}

const SERVER = "../../src/oidc/server.ts";
const AUTHORIZE = "../../src/oidc/authorize/authorize.ts";
const LOST = { code: "network", retryable: true };
const record = {
  refreshToken: "rt1",
  idToken: "x",
  idTokenVerified: false,
  user: { sub: "alice", claims: {} },
  access: {},
};

beforeEach(() => {
  requests.rows.clear();
  fetch.sent.length = 0;
});
afterEach(() => {
  for (const chunk of [SERVER, AUTHORIZE]) vi.doUnmock(chunk);
  vi.resetModules();
});

test("a server chunk that cannot be loaded is a retryable NetworkError, and no refresh token is sent", async () => {
  const { send } = await lazyServerWithout(SERVER);
  await expect(send.prepare()).rejects.toMatchObject(LOST);
  expect(await send.send(record, '["","",""]')).toEqual({ type: "unsent" });
  expect(fetch.sent).toHaveLength(0);
});

test("an authorize chunk that cannot be loaded is a retryable NetworkError", async () => {
  const { server } = await lazyServerWithout(AUTHORIZE);
  await expect(server.authorize({ redirectUri: REDIRECT })).rejects.toMatchObject(LOST);
});

test.each([SERVER, AUTHORIZE])(
  "without %s a pending login stays pending and its code is not sent",
  async (chunk) => {
    const url = new URL(await (await lazyServer()).server.authorize({ redirectUri: REDIRECT }));
    const { server } = await lazyServerWithout(chunk);
    const state = encodeURIComponent(url.searchParams.get("state")!);
    await expect(server.exchange(`${REDIRECT}?code=c&state=${state}`)).rejects.toMatchObject(LOST);
    expect(requests.rows.size).toBe(1);
    expect(fetch.sent.map(({ init }) => init.method ?? "GET")).not.toContain("POST");
  },
);

test("a server chunk that cannot be loaded ends no session when an ID token is validated", async () => {
  const { send } = await lazyServerWithout(SERVER);
  expect(await send.verify(record, "fetched")).toEqual({ type: "unknown" });
});

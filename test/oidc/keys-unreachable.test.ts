import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/browser/page/system-clock.ts";
import { createLazyServer, type LazyServer } from "../../src/compose/lazy-server.ts";
import { DeviceCodeGrant } from "../../src/grants/device/device-code-grant.ts";
import { MemoryRequestStore } from "../../src/memory/memory-request-store.ts";
import { MemoryTabLock } from "../../src/memory/memory-tab-lock.ts";
import { CLIENT, errorFrom, fakeFetch, ISSUER, json, REDIRECT } from "./support.ts";

/** The keys cannot be fetched: before a request is sent, or after an ID token with an unknown key has arrived. */

const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
const JWKS = { keys: [{ ...(await exportJWK(publicKey)), kid: "old" }] };
const cut = () => {
  throw new TypeError("cut");
};
const down = () => json({}, 500);
const good = () => json(JWKS);
const KEYS = [
  ["unreachable", cut],
  ["down", down],
] as const;

/** The next responses of the jwks_uri, in order. Afterwards it responds with the keys. */
let keys: (() => Response)[];
let kid: string;
let audience: string;
let nonce: string | undefined;
let fetch: ReturnType<typeof fakeFetch>;
let lazyServer: LazyServer;

beforeEach(() => {
  keys = [];
  kid = "old";
  audience = CLIENT;
  nonce = undefined;
  const used = new Set<string>();
  fetch = fakeFetch(async ({ url, body }) => {
    if (url.endsWith("/jwks")) return (keys.shift() ?? good)();
    if (url.endsWith("/device")) {
      return json({
        device_code: "dc",
        user_code: "ABCD",
        verification_uri: `${ISSUER}/activate`,
        expires_in: 60,
        interval: 1,
      });
    }
    const once = body["code"] ?? body["device_code"] ?? body["refresh_token"] ?? "";
    if (used.has(once)) return json({ error: "invalid_grant" }, 400);
    used.add(once);
    return json({
      access_token: "at1",
      token_type: "Bearer",
      expires_in: 600,
      refresh_token: `${once}+`,
      id_token: await idToken(),
    });
  });
  lazyServer = createLazyServer({
    issuer: ISSUER,
    clientId: CLIENT,
    endpoints: {
      authorizationEndpoint: `${ISSUER}/authorize`,
      tokenEndpoint: `${ISSUER}/token`,
      jwksUri: `${ISSUER}/jwks`,
      deviceAuthorizationEndpoint: `${ISSUER}/device`,
    },
    requests: new MemoryRequestStore(),
    clock: fast,
    fetch,
  });
});

const fast = {
  ...systemClock,
  sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 100, signal),
};
const idToken = () =>
  new SignJWT({ iss: ISSUER, aud: audience, sub: "alice", ...(nonce && { nonce }) })
    .setProtectedHeader({ alg: "ES256", kid })
    .setIssuedAt()
    .setExpirationTime("1m")
    .sign(privateKey);
const sent = () => fetch.sent.filter(({ url }) => url.endsWith("/token")).map(({ body }) => body);

describe("a code exchange", () => {
  const login = async () => {
    const url = new URL(await lazyServer.server.authorize({ redirectUri: REDIRECT }));
    nonce = url.searchParams.get("nonce")!;
    return `${REDIRECT}?code=c&state=${encodeURIComponent(url.searchParams.get("state")!)}`;
  };

  test.each(KEYS)(
    "sends no code while the jwks_uri is %s, and succeeds afterwards",
    async (_, bad) => {
      const response = await login();
      keys.push(bad);
      expect(await errorFrom(lazyServer.server.exchange(response))).toMatchObject({
        retryable: true,
      });
      expect(sent()).toEqual([]);
      expect(await lazyServer.server.exchange(response)).toMatchObject({ user: { sub: "alice" } });
      expect(sent()).toHaveLength(1);
    },
  );

  test.each(KEYS)(
    "A8: sends a code only once when the jwks_uri is %s for a new key",
    async (_, bad) => {
      const response = await login();
      keys.push(good, bad);
      kid = "new";
      expect(await errorFrom(lazyServer.server.exchange(response))).toMatchObject({
        retryable: false,
      });
      expect(await errorFrom(lazyServer.server.exchange(response))).toMatchObject({
        parameter: "state",
      });
      expect(sent()).toHaveLength(1);
    },
  );
});

describe("a refresh by requestTokens()", () => {
  const refresh = () =>
    lazyServer.server.requestTokens({ grant_type: "refresh_token", refresh_token: "rt" });

  test.each(KEYS)(
    "sends no refresh token while the jwks_uri is %s, and succeeds afterwards",
    async (_, bad) => {
      keys.push(bad);
      expect(await errorFrom(refresh())).toMatchObject({ code: "network", retryable: true });
      expect(sent()).toEqual([]);
      expect(await refresh()).toMatchObject({ refreshToken: "rt+", user: { sub: "alice" } });
    },
  );

  test.each(KEYS)(
    "keeps the new refresh token when the jwks_uri is %s for a new key",
    async (_, bad) => {
      keys.push(good, bad);
      kid = "new";
      const tokens = await refresh();
      expect(tokens).toMatchObject({ accessToken: "at1", refreshToken: "rt+" });
      expect(tokens).not.toHaveProperty("user");
      expect(tokens).not.toHaveProperty("idToken");
      expect(sent()).toHaveLength(1);
    },
  );

  test("rejects when the ID token is not valid", async () => {
    audience = "another client";
    expect(await errorFrom(refresh())).toMatchObject({ code: "id_token", claim: "aud" });
  });
});

test("a client credentials grant needs no keys", async () => {
  keys.push(cut);
  expect(await lazyServer.server.requestTokens({ grant_type: "client_credentials" })).toMatchObject(
    {
      accessToken: "at1",
    },
  );
  expect(fetch.sent.map(({ url }) => url)).toEqual([`${ISSUER}/token`]);
});

describe("a device login", () => {
  const statuses: string[] = [];
  const login = () =>
    new DeviceCodeGrant(lazyServer.server, {
      client: CLIENT,
      locks: new MemoryTabLock(),
      requests: new MemoryRequestStore(),
      clock: fast,
      prompt: { showCode: (_, { subscribe }) => void subscribe((status) => statuses.push(status)) },
    }).requestToken({});
  beforeEach(() => void statuses.splice(0));

  test.each(KEYS)(
    "keeps polling while the jwks_uri is %s, without sending its code",
    async (_, bad) => {
      keys.push(bad);
      expect(await login()).toMatchObject({ refreshToken: "dc+", user: { sub: "alice" } });
      expect(statuses).toContain("retrying");
      expect(sent()).toHaveLength(1);
    },
  );

  test.each(KEYS)(
    "fails after its tokens arrived when the jwks_uri is %s for a new key",
    async (_, bad) => {
      keys.push(good, bad);
      kid = "new";
      expect(await errorFrom(login())).toMatchObject({ code: "id_token", claim: "signature" });
      expect(statuses.at(-1)).toBe("failed");
      expect(sent()).toHaveLength(1);
    },
  );
});

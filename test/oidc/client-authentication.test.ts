import { exportJWK, generateKeyPair } from "jose";
import { Provider, type ClientMetadata } from "oidc-provider";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { handle, listenOnLoopback, type Loopback } from "../../demo/server/loopback.ts";
import { MemoryDatabase } from "../../demo/server/memory-adapter.ts";
import type { ClientAuthentication } from "../../src/core/client-authentication.ts";
import { createLazyServer, type LazyServer } from "../../src/compose/lazy-server.ts";
import { errorFrom, shown, testRequests } from "./support.ts";

/** Characters that a header, a form and a URL encode differently. */
const ODD_ID = "web:cli+ent %41/?&=~!*'()";
/** Every character that the RFC allows. @see https://www.rfc-editor.org/rfc/rfc6749#appendix-A.2 */
const ODD_SECRET = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join("");
const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";

const keys = {
  ES256: await generateKeyPair("ES256", { extractable: true }),
  PS256: await generateKeyPair("PS256", { extractable: true }),
  RS512: await generateKeyPair("RS512", { extractable: true }),
  Ed25519: await generateKeyPair("Ed25519", { extractable: true }),
};
type Algorithm = keyof typeof keys;

let loopback: Loopback;
let refused: string[] = [];

async function keyClient(algorithm: Algorithm): Promise<ClientMetadata> {
  const jwk = await exportJWK(keys[algorithm].publicKey);
  return {
    client_id: `key-${algorithm}`,
    token_endpoint_auth_method: "private_key_jwt",
    token_endpoint_auth_signing_alg: algorithm,
    jwks: { keys: [{ ...jwk, kid: "k1", alg: algorithm, use: "sig" }] },
  };
}

beforeAll(async () => {
  loopback = await listenOnLoopback(0);
  const clients: ClientMetadata[] = [
    { client_id: ODD_ID, client_secret: ODD_SECRET },
    {
      client_id: "post",
      client_secret: ODD_SECRET,
      token_endpoint_auth_method: "client_secret_post",
    },
    ...(await Promise.all((Object.keys(keys) as Algorithm[]).map(keyClient))),
  ];
  const provider = new Provider(loopback.origin, {
    adapter: new MemoryDatabase().adapter,
    clients: clients.map((client) => ({
      ...client,
      grant_types: ["client_credentials", "refresh_token", DEVICE_GRANT],
      id_token_signed_response_alg: "ES256",
      redirect_uris: [],
      response_types: [],
    })),
    enabledJWA: {
      clientAuthSigningAlgValues: Object.keys(keys) as Algorithm[],
    },
    jwks: { keys: [{ ...(await exportJWK(keys.ES256.privateKey)), alg: "ES256", use: "sig" }] },
    ttl: { ClientCredentials: 600, DeviceCode: 600 },
    scopes: ["api:read", "offline_access"],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      revocation: { enabled: true },
    },
  });
  provider.on("grant.error", (_ctx, error) => refused.push(error.message));
  const protocol = provider.callback();
  handle(loopback, (request, response) => void protocol(request, response));
});
afterAll(() => loopback.close());

function client(clientId: string, authentication: ClientAuthentication): LazyServer {
  refused = [];
  return createLazyServer({
    issuer: loopback.origin,
    clientId,
    authentication,
    scope: [],
    requests: testRequests(),
    clock: {
      now: () => Date.now(),
      monotonic: () => performance.now(),
      sleep: () => Promise.resolve(),
    },
  });
}

const WAYS: [string, string, ClientAuthentication][] = [
  ["client_secret_basic", ODD_ID, { method: "client_secret_basic", clientSecret: ODD_SECRET }],
  ["client_secret_post", "post", { method: "client_secret_post", clientSecret: ODD_SECRET }],
  ...(Object.keys(keys) as Algorithm[]).map((algorithm): [string, string, ClientAuthentication] => [
    `private_key_jwt with ${algorithm}`,
    `key-${algorithm}`,
    { method: "private_key_jwt", key: keys[algorithm].privateKey, keyId: "k1", algorithm },
  ]),
];

describe.each(WAYS)("%s, at a real server", (_, clientId, authentication) => {
  test("gets a new token with each request", async () => {
    const { server } = client(clientId, authentication);
    const target = { grant_type: "client_credentials", scope: "api:read" };
    const one = await server.requestTokens(target);
    const two = await server.requestTokens(target);
    expect(refused).toEqual([]);
    expect(one).toMatchObject({ tokenType: "Bearer", scope: ["api:read"] });
    expect(one.expiresAt).toBeGreaterThan(Date.now() + 500_000);
    expect(two.accessToken).not.toBe(one.accessToken);
  });

  test("authenticates device authorization, polling and revocation", async () => {
    const { server } = client(clientId, authentication);
    const device = await server.authorizeDevice({ scope: ["offline_access"] });
    expect(device.userCode).toMatch(/\w/);
    expect(device.verificationUri).toBe(`${loopback.origin}/device`);
    const polled = server.requestTokens({
      grant_type: DEVICE_GRANT,
      device_code: device.deviceCode,
    });
    expect(await errorFrom(polled)).toMatchObject({ error: "authorization_pending", status: 400 });
    await server.revoke("not-a-token");
  });

  test("sends a refresh token after prepare()", async () => {
    const { send } = client(clientId, authentication);
    const record = {
      refreshToken: "unknown",
      idTokenVerified: true,
      user: { sub: "a", claims: {} },
      access: {},
    };
    expect(await send.send(record, '["","",""]')).toEqual({ type: "unsent" });
    await send.prepare();
    // The metadata is read first, once.
    expect(await send.send(record, '["","",""]')).toEqual({ type: "moved" });
    // With wrong credentials the server would send `invalid_client`.
    expect(await send.send(record, '["","",""]')).toEqual({ type: "invalid_grant" });
  });
});

const stranger = await generateKeyPair("ES256");
test.each<[string, string, ClientAuthentication]>([
  ["client_secret_basic", ODD_ID, { method: "client_secret_basic", clientSecret: "wr:ng +secret" }],
  ["client_secret_post", "post", { method: "client_secret_post", clientSecret: "wr:ng +secret" }],
  ["none where a secret is needed", "post", { method: "none" }],
  [
    "private_key_jwt",
    "key-ES256",
    { method: "private_key_jwt", key: stranger.privateKey, keyId: "k1", algorithm: "ES256" },
  ],
])(
  "%s: wrong credentials reject with invalid_client and show no secret",
  async (_, clientId, authentication) => {
    const { server } = client(clientId, authentication);
    const error = await errorFrom(server.requestTokens({ grant_type: "client_credentials" }));
    expect(error).toMatchObject({ code: "request_token", error: "invalid_client", status: 401 });
    expect(shown(error)).not.toMatch(/wr:ng|eyJ/);
  },
);

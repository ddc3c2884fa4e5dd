import { afterEach, expect, test, vi } from "vitest";
import type { Database } from "../../src/browser/storage/database.ts";
import { StorageError } from "../../src/core/errors.ts";
import { targetKey } from "../../src/core/token-target.ts";
import { createWorkerServer } from "../../src/worker/worker-server.ts";
import { ISSUER, json, testClock } from "../oidc/support.ts";

/** The requests of a worker, with the console lines and errors that a page has, too. */

const TOKEN_ENDPOINT = `${ISSUER}/token`;
const METADATA = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: TOKEN_ENDPOINT,
};
const RECORD = {
  refreshToken: "rt1",
  idTokenVerified: true,
  user: { sub: "ada", claims: { sub: "ada" } },
  access: {},
};

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** A worker's server. `fetch` replaces the global `fetch`. The worker can store nothing. */
function start(fetch: (url: string, init: RequestInit) => Promise<Response>) {
  const stub = vi.fn(fetch);
  vi.stubGlobal("fetch", stub);
  const database: Database = () => Promise.reject(new StorageError("no disk"));
  const config = { issuer: ISSUER, clientId: "web" };
  return { ...createWorkerServer(config, 1_000, { database, clock: testClock() }), fetch: stub };
}

/** A response whose body the browser withholds. */
const opaque = () => Object.defineProperty(new Response(null), "status", { value: 0 });

test("C14: the error of a worker says that the browser withheld the metadata", async () => {
  const { send } = start(async (_, { mode }) => {
    if (mode === "no-cors") return opaque();
    throw new TypeError("Failed to fetch");
  });
  await send.prepare();
  expect(await send.send(RECORD, targetKey({}))).toMatchObject({
    type: "not_rotated",
    cause: { code: "discovery", message: expect.stringContaining("CORS") },
  });
});

test("C14: a refresh without a response is not repeated in a worker to find the reason", async () => {
  const { send, fetch } = start(async (url) => {
    if (url !== TOKEN_ENDPOINT) return json(METADATA);
    throw new TypeError("Failed to fetch");
  });
  await send.prepare();
  expect(await send.send(RECORD, targetKey({}))).toEqual({ type: "moved" });
  expect(await send.send(RECORD, targetKey({}))).toMatchObject({ type: "unknown" });
  expect(fetch.mock.calls.filter(([url]) => url === TOKEN_ENDPOINT)).toHaveLength(1);
});

test("C5: a worker shows one line about a scope that the server did not grant", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const { send } = start(async (url) =>
    url === TOKEN_ENDPOINT
      ? json({ access_token: "at", token_type: "Bearer", expires_in: 60, scope: "read" })
      : json(METADATA),
  );
  const target = targetKey({ scope: ["read", "write"] });
  await send.send(RECORD, target);
  for (let n = 0; n < 2; n++)
    expect(await send.send(RECORD, target)).toMatchObject({ type: "tokens" });
  expect(warn.mock.calls).toEqual([[expect.stringMatching(/write/)]]);
});

test("the stored keys are read before the first refresh, so that its signature does not wait for them", async () => {
  const now = testClock().now();
  const document = { ...METADATA, jwks_uri: `${ISSUER}/jwks` };
  const stored: Record<string, unknown> = {
    [`document/metadata/${ISSUER}`]: { document, readAt: now },
    [`document/keys/${ISSUER}`]: {
      document: { jwksUri: document.jwks_uri, keys: [] },
      readAt: now,
    },
  };
  const get = vi.fn((key: string) => {
    const request = { result: stored[key], onsuccess: () => {} };
    setTimeout(() => request.onsuccess());
    return request;
  });
  const database: Database = async (_, use) => use({ get } as unknown as IDBObjectStore);
  const fetch = vi.fn();
  vi.stubGlobal("fetch", fetch);
  const config = { issuer: ISSUER, clientId: "web" };
  const { send } = createWorkerServer(config, 1_000, { database, clock: testClock() });
  await send.prepare();
  expect(get).toHaveBeenCalledWith(`document/keys/${ISSUER}`);
  expect(fetch).not.toHaveBeenCalled();
});

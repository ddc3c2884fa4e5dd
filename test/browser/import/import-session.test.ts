import { UnsecuredJWT } from "jose";
import { User } from "oidc-client-ts";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createDatabase } from "../../../src/browser/storage/database.ts";
import { IndexedDBSessionStore } from "../../../src/browser/storage/indexeddb-session-store.ts";
import { oidcClientSession } from "../../../src/import/oidc-client-session.ts";
import type { Auth } from "../../../src/core/auth.ts";
import { StorageError } from "../../../src/core/errors.ts";
import { clientKey, sessionKey } from "../../../src/core/keys.ts";
import { createAuth } from "../../../src/compose/create-auth.ts";
import { importSession } from "../../../src/import/import-session.ts";
import type { ImportedSession, ImportSessionConfig } from "../../../src/import/source.ts";
/** Imports in a real page with real stores. Each test defines its network. */

const ISSUER = "https://id.example";
const endpoints = {
  authorizationEndpoint: `${ISSUER}/authorize`,
  tokenEndpoint: `${ISSUER}/token`,
  jwksUri: `${ISSUER}/keys`,
};

test("D4: the connection to the database is closed at the end", async () => {
  const connections: IDBDatabase[] = [];
  const openDatabase = indexedDB.open.bind(indexedDB);
  const opening = vi.spyOn(indexedDB, "open").mockImplementation((...args) => {
    const request = openDatabase(...args);
    request.addEventListener("success", () => connections.push(request.result));
    return request;
  });
  expect(await setUp().take()).toMatchObject({ type: "imported" });
  opening.mockRestore();
  expect(connections.length).toBeGreaterThan(0);
  for (const connection of connections)
    expect(() => connection.transaction(connection.objectStoreNames[0]!)).toThrow(
      expect.objectContaining({ name: "InvalidStateError" }),
    );
});

let auth: Auth | undefined;
afterEach(() => {
  auth?.dispose();
  vi.unstubAllGlobals();
  localStorage.clear();
});

/** Sets up a client that no other test uses, with a user in the format of oidc-client-ts. */
function setUp(changes: Record<string, unknown> = {}) {
  const clientId = `moving-${crypto.randomUUID()}`;
  const key = `oidc.user:${ISSUER}:${clientId}`;
  const claims = { iss: ISSUER, aud: clientId, sub: "ada", name: "Ada", iat: 1, exp: 2 };
  const write = (more: Record<string, unknown> = {}) => {
    const user = new User({
      access_token: "at1",
      token_type: "Bearer",
      refresh_token: "rt1",
      id_token: new UnsecuredJWT(claims).encode(),
      scope: "openid",
      expires_at: Math.floor(Date.now() / 1_000) + 600,
      profile: claims,
      ...changes,
      ...more,
    });
    localStorage.setItem(key, user.toStorageString());
  };
  write();
  const config = { issuer: ISSUER, clientId, from: oidcClientSession() };
  return {
    config,
    write,
    isStored: () => localStorage.getItem(key) !== null,
    take: (more: Partial<ImportSessionConfig> = {}) => importSession({ ...config, ...more }),
    open: (persist: "device" | "memory" = "device") => {
      auth?.dispose();
      auth = createAuth({ issuer: ISSUER, clientId, endpoints, redirectUri: "/callback", persist });
      return auth;
    },
  };
}

describe("importSession()", () => {
  test("logs in the other SDK's user once, without a request", async () => {
    const fetch = vi.fn();
    vi.stubGlobal("fetch", fetch);
    const { take, open, isStored } = setUp();
    expect(await take()).toMatchObject({ type: "imported", user: { sub: "ada", name: "Ada" } });
    expect(isStored()).toBe(false);
    const auth = open();
    expect(await auth.getToken({ prompt: "none" })).toBe("at1");
    expect(auth.state).toMatchObject({ status: "authenticated", freshness: "fresh" });
    expect(await take()).toEqual({ type: "nothing" });
    expect(fetch).not.toHaveBeenCalled();
  });

  test("logs in the user in an app that is already running", async () => {
    const { take, open } = setUp();
    const auth = open();
    await vi.waitFor(() => expect(auth.state.status).toBe("anonymous"));
    await take();
    await vi.waitFor(() => expect(auth.state.status).toBe("authenticated"));
  });

  test("creates one session when many tabs import at once", async () => {
    const { take, open, isStored } = setUp();
    const types = (await Promise.all(Array.from({ length: 5 }, () => take()))).map(
      ({ type }) => type,
    );
    expect(types.filter((type) => type === "imported")).toHaveLength(1);
    expect(
      types.filter(
        (type) => type === "imported" || type === "already_signed_in" || type === "nothing",
      ),
    ).toHaveLength(5);
    expect(isStored()).toBe(false);
    expect(await open().getToken({ prompt: "none" })).toBe("at1");
  });

  test("changes neither a session that it cannot import nor an existing session of Latchkey", async () => {
    const refused = setUp({ id_token: "no" });
    expect(await refused.take()).toEqual({ type: "refused", reason: "malformed" });
    expect(refused.isStored()).toBe(true);

    const { take, write, open, isStored } = setUp();
    await take();
    write({ access_token: "at2", refresh_token: "rt2" });
    expect(await take()).toEqual({ type: "already_signed_in" });
    expect(isStored()).toBe(true);
    expect(await open().getToken({ prompt: "none" })).toBe("at1");
  });

  test("removes a session that an interrupted import had already stored", async () => {
    const { take, write, isStored } = setUp();
    await take({ remains: "kept" });
    expect(isStored()).toBe(true);
    expect(await take()).toEqual({ type: "already_signed_in" });
    expect(isStored()).toBe(false);
    write({ refresh_token: "rt2" });
    await take();
    expect(isStored()).toBe(true);
  });

  test("imports tokens that the other SDK received while the stores were read", async () => {
    const { take, write, open } = setUp();
    const source = oidcClientSession();
    let calls = 0;
    const find: typeof source.find = (client) => {
      if (++calls === 2) write({ access_token: "newer", refresh_token: "rt2" });
      return source.find(client);
    };
    expect(await take({ from: { find } })).toMatchObject({ type: "imported" });
    expect(await open().getToken({ prompt: "none" })).toBe("newer");
  });

  test("returns `failed` and changes nothing when the source throws, and the next call imports", async () => {
    const { take, isStored } = setUp();
    const error = new StorageError("blocked");
    const find = (): ImportedSession => {
      throw error;
    };
    expect(await take({ from: { find } })).toEqual({ type: "failed", error });
    expect(isStored()).toBe(true);
    expect(await take()).toMatchObject({ type: "imported" });
  });

  test('with persist: "memory" writes no token on the disk, and createAuth() gets the tokens', async () => {
    const { take, open, config } = setUp();
    expect(await take({ persist: "memory" })).toMatchObject({ type: "imported" });
    expect(await open("memory").getToken({ prompt: "none" })).toBe("at1");
    const key = sessionKey(clientKey(ISSUER, config.clientId), "ada");
    const row = await new IndexedDBSessionStore(createDatabase()).get(key);
    expect(row).toMatchObject({ renewable: true, end: null });
    expect(row!.tokens).toEqual({ memory: expect.any(String) });
  });

  test.for([
    ["device", "memory"],
    ["memory", "device"],
  ] as const)("B9: with persist %s works for an app with persist %s", async ([imported, app]) => {
    const { take, open, config } = setUp();
    expect(await take({ persist: imported })).toMatchObject({ type: "imported" });
    expect(await open(app).getToken({ prompt: "none" })).toBe("at1");
    const key = sessionKey(clientKey(ISSUER, config.clientId), "ada");
    const store = new IndexedDBSessionStore(createDatabase());
    await vi.waitFor(async () => {
      const { tokens } = (await store.get(key))!;
      expect(tokens).toHaveProperty(app === "memory" ? "memory" : "refreshToken");
    });
  });

  test("names an invalid input", async () => {
    const { config } = setUp();
    const wrong = (changes: object) => importSession({ ...config, ...changes });
    await expect(wrong({ issuer: "id.example" })).rejects.toMatchObject({ input: "issuer" });
    await expect(wrong({ clientId: "" })).rejects.toMatchObject({ input: "clientId" });
    await expect(wrong({ from: "oidc-client-ts" })).rejects.toMatchObject({ input: "from" });
  });
});

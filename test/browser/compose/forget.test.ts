import { UnsecuredJWT } from "jose";
import { User } from "oidc-client-ts";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { entries } from "idb-keyval";
import { createDatabase } from "../../../src/browser/storage/database.ts";
import { IndexedDBTokenStorage } from "../../../src/browser/storage/indexeddb-token-storage.ts";
import { oidcClientSession } from "../../../src/import/oidc-client-session.ts";
import { activeUserKey, clientKey } from "../../../src/core/keys.ts";
import { tokenSet, type TokenSet } from "../../../src/core/token-set.ts";
import { createAuth } from "../../../src/compose/create-auth.ts";
import { createTokenManager } from "../../../src/compose/create-token-manager.ts";
import { AuthGrant } from "../../../src/grants/auth-grant.ts";
import { CachedGrant } from "../../../src/grants/cached-grant.ts";
import { CustomGrant } from "../../../src/grants/custom-grant.ts";
import { TokenExchangeGrant } from "../../../src/grants/token-exchange-grant.ts";
import { importSession } from "../../../src/import/import-session.ts";

/** Logouts and forgotten users, with the real IndexedDB, locks, channel and storages of one page. */

const ISSUER = "https://id.example";
const DAY_MS = 86_400_000;
const endpoints = {
  authorizationEndpoint: `${ISSUER}/authorize`,
  tokenEndpoint: `${ISSUER}/token`,
  jwksUri: `${ISSUER}/keys`,
};
const database = createDatabase();

let clientId = "";
const auths: { dispose(): void }[] = [];
beforeEach(() => {
  clientId = `forget-${crypto.randomUUID()}`;
});
afterEach(() => {
  for (const auth of auths.splice(0)) auth.dispose();
  vi.useRealTimers();
  localStorage.clear();
});

function hosted(sub: string): TokenSet {
  return tokenSet({
    accessToken: `at-${sub}`,
    tokenType: "Bearer",
    expiresAt: Date.now() + 3_600_000,
    scope: ["openid"],
    user: { sub, claims: { sub } },
  });
}

/** The user that the host app reports. */
const host = { user: "ada@example.com" };

/** Opens a tab whose grant asks the host app. `isNew`: a new tab; default: this tab after a reload. */
function open({ isNew = false, isCached = false } = {}) {
  if (isNew) sessionStorage.removeItem(activeUserKey(clientKey(ISSUER, clientId)));
  const grant = new CustomGrant(async () => hosted(host.user));
  const storage = new IndexedDBTokenStorage(database, { prefix: clientId });
  const auth = createAuth({
    issuer: ISSUER,
    clientId,
    redirectUri: "/callback",
    endpoints,
    grant: ({ locks }) =>
      isCached ? new CachedGrant(grant, { storage, key: "host", locks }) : grant,
  });
  auths.push(auth);
  return auth;
}

const none = { prompt: "none" } as const;
const noToken = { code: "no_token" };

describe.each([{ isCached: false }, { isCached: true }])("B7: a grant, %o", ({ isCached }) => {
  beforeEach(() => {
    host.user = "ada@example.com";
  });

  test("B7: does not restore a forgotten user, in any tab or after a reload", async () => {
    const auth = open({ isCached });
    expect(await auth.getToken(none)).toBe("at-ada@example.com");
    const other = open({ isCached });
    expect(await other.getToken(none)).toBe("at-ada@example.com");
    await auth.forget("ada@example.com");
    await vi.waitFor(() => expect(other.state).toMatchObject({ status: "anonymous" }));
    const reloaded = open({ isCached });
    const fresh = open({ isCached, isNew: true });
    for (const tab of [auth, other, reloaded, fresh]) {
      await expect(tab.getToken(none)).rejects.toMatchObject(noToken);
      expect(tab.state).toMatchObject({ status: "anonymous" });
    }
    // Only a hash is still stored.
    const all = await entries<string, unknown>(database);
    const mine = all.filter(([key]) => key.includes(clientId));
    expect(JSON.stringify(mine)).not.toContain("ada");
    expect(mine.map(([key]) => key.split("/")[0])).toEqual(["forgotten"]);
  });

  test("B7: gives the host app's next user to a new tab, and no user to the old tab", async () => {
    const auth = open({ isCached });
    await auth.getToken(none);
    await auth.forget("ada@example.com");
    host.user = "grace";
    await expect(auth.getToken(none)).rejects.toMatchObject(noToken);
    await expect(open({ isCached }).getToken(none)).rejects.toMatchObject(noToken);
    expect(await open({ isCached, isNew: true }).getToken(none)).toBe("at-grace");
  });

  test("B7: restores the user after a login, or after a day", async () => {
    const auth = open({ isCached });
    await auth.getToken(none);
    await auth.forget("ada@example.com");
    const userAgent = {
      open: () => ({
        redirectUri: `${location.origin}/callback`,
        navigate: () => new Promise<string>(() => {}),
        close: () => {},
      }),
    };
    expect(await auth.login({ userAgent })).toMatchObject({ sub: "ada@example.com" });
    expect(await open({ isCached, isNew: true }).getToken(none)).toBe("at-ada@example.com");
    await auth.forget("ada@example.com");
    const now = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now: now + DAY_MS + 1_000 });
    expect(await open({ isCached, isNew: true }).getToken(none)).toBe("at-ada@example.com");
  });
});

test("B7: importSession() does not restore a forgotten user from a session that the other SDK still has", async () => {
  const claims = { iss: ISSUER, aud: clientId, sub: "ada", name: "Ada", iat: 1, exp: 2 };
  const write = () => {
    const user = new User({
      access_token: "at1",
      token_type: "Bearer",
      refresh_token: "rt1",
      id_token: new UnsecuredJWT(claims).encode(),
      scope: "openid",
      expires_at: Math.floor(Date.now() / 1_000) + 600,
      profile: claims,
    });
    localStorage.setItem(`oidc.user:${ISSUER}:${clientId}`, user.toStorageString());
  };
  write();
  const config = { issuer: ISSUER, clientId, endpoints, from: oidcClientSession() };
  const load = () => importSession({ ...config, remains: "kept" });
  expect(await load()).toMatchObject({ type: "imported", user: { sub: "ada" } });
  const auth = createAuth({ issuer: ISSUER, clientId, endpoints, redirectUri: "/callback" });
  auths.push(auth);
  await auth.forget("ada");
  expect(await load()).toEqual({ type: "already_signed_in" });
  expect(await importSession(config)).toEqual({ type: "already_signed_in" });
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + DAY_MS + 1_000 });
  write();
  expect(await load()).toMatchObject({ type: "imported" });
});

test("B6: exchanged tokens in IndexedDB are separate per user, and deleted when logout() resolves", async () => {
  host.user = "ada";
  const auth = open();
  await auth.getToken(none);
  let exchanges = 0;
  const server = {
    requestTokens: async (parameters: Readonly<Record<string, unknown>>) =>
      tokenSet({
        accessToken: `exchanged ${String(parameters["subject_token"])} ${++exchanges}`,
        tokenType: "Bearer",
        expiresAt: Date.now() + 3_600_000,
        scope: [],
        issuedTokenType: "urn:ietf:params:oauth:token-type:access_token",
      }),
  };
  const billing = () =>
    createTokenManager({
      service: clientId,
      provider: new TokenExchangeGrant(new AuthGrant(auth), server),
      storage: new IndexedDBTokenStorage(database, { prefix: clientId }),
    });
  expect(await billing().getToken()).toBe("exchanged at-ada 1");
  host.user = "grace";
  await auth.getToken({ ...none, user: "grace" });
  await auth.switchUser("grace");
  expect(await billing().getToken()).toBe("exchanged at-grace 2");
  await auth.switchUser("ada");
  expect(await billing().getToken()).toBe("exchanged at-ada 1");
  await auth.logout({ endSession: "none" });
  const stored = JSON.stringify(await entries(database));
  expect(stored).not.toContain("exchanged at-ada");
  expect(stored).toContain("exchanged at-grace");
  host.user = "ada";
  await expect(billing().getToken(none)).rejects.toMatchObject(noToken);
});

import { entries, get } from "idb-keyval";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createDatabase } from "../../../src/browser/storage/database.ts";
import { NoTokenError } from "../../../src/core/errors.ts";
import { activeUserKey, clientKey, sessionKey } from "../../../src/core/keys.ts";
import type { LoginPrompt } from "../../../src/core/login-prompt.ts";
import { tokenSet, type TokenSet } from "../../../src/core/token-set.ts";
import { createAuth } from "../../../src/compose/create-auth.ts";
import { AutoLoginGrant } from "../../../src/grants/auto-login-grant.ts";
import { RefreshGrant } from "../../../src/grants/refresh-grant.ts";

/** Several users, with the real IndexedDB, locks, channel and sessionStorage of one page. */

const ISSUER = "https://id.example";
const endpoints = {
  authorizationEndpoint: `${ISSUER}/authorize`,
  tokenEndpoint: `${ISSUER}/token`,
};

let clientId = "";
beforeEach(() => {
  clientId = `users-${crypto.randomUUID()}`;
});

const auths: { dispose(): void }[] = [];
afterEach(() => {
  for (const auth of auths.splice(0)) auth.dispose();
});

function responseOf(sub: string): TokenSet {
  return tokenSet({
    accessToken: `at-${sub}`,
    tokenType: "Bearer",
    expiresAt: Date.now() + 3_600_000,
    scope: ["openid"],
    refreshToken: `rt-${sub}`,
    user: { sub, name: sub.toUpperCase(), email: `${sub}@example.com`, claims: { sub } },
  });
}

/** Opens another tab: removes the pinned user of this page first. */
function tab(prompt?: LoginPrompt) {
  const client = clientKey(ISSUER, clientId);
  sessionStorage.removeItem(activeUserKey(client));
  const auth = createAuth({
    issuer: ISSUER,
    clientId,
    redirectUri: "/callback",
    endpoints,
    userFetcher: { fetchUser: () => new Promise(() => {}) },
    grant: (parts) => {
      const users = {
        requestToken: async ({
          roundTrip,
          loginHint,
        }: {
          roundTrip?: object;
          loginHint?: string;
        }) => {
          if (!roundTrip) throw new NoTokenError("a login is needed");
          return responseOf(loginHint ?? "ada");
        },
      };
      const grant = new RefreshGrant(users, parts);
      return prompt ? new AutoLoginGrant(grant, { ...parts, prompt }) : grant;
    },
  });
  auths.push(auth);
  const userAgent = {
    open: () => ({
      redirectUri: `${location.origin}/callback`,
      navigate: () => new Promise<string>(() => {}),
      close: () => {},
    }),
  };
  return { auth, signIn: (loginHint: string) => auth.login({ loginHint, userAgent }) };
}

test("two users have their own tokens, and forget() leaves no data of a user", async () => {
  const one = tab();
  await one.signIn("ada");
  await one.signIn("grace/1");
  expect(await one.auth.getToken()).toBe("at-grace/1");
  expect(await one.auth.getToken({ user: "ada" })).toBe("at-ada");
  expect((await one.auth.users()).map(({ sub }) => sub)).toEqual(["grace/1", "ada"]);
  await one.auth.switchUser("ada");
  const other = tab();
  expect(await other.auth.getToken()).toBe("at-ada");
  await other.auth.switchUser("grace/1");
  expect(one.auth.state).toMatchObject({ user: { sub: "ada" } });
  await one.auth.forget("grace/1");
  // The two tabs of this page share one sessionStorage, so `other` can become the tab of Ada instead of nobody's.
  await vi.waitFor(() => expect(other.auth.state).not.toMatchObject({ user: { sub: "grace/1" } }));
  const stored = JSON.stringify([
    (await entries<string, unknown>(createDatabase())).filter(([key]) => key.includes(clientId)),
    sessionStorage.getItem(activeUserKey(clientKey(ISSUER, clientId))),
  ]);
  expect(stored).toContain("at-ada");
  expect(stored).not.toContain("grace");
});

test("a user who is not remembered stays logged in until the last tab closes", async () => {
  const shouldRemember = vi.fn(() => false);
  const prompt: LoginPrompt = { chooseUser: () => ({ type: "dismiss" }), shouldRemember };
  const one = tab(prompt);
  await one.signIn("ada");
  await vi.waitFor(() => expect(shouldRemember).toHaveBeenCalledTimes(1));
  expect(await one.auth.users()).toEqual([]);
  const other = tab(prompt);
  expect(await other.auth.getToken({ prompt: "none" })).toBe("at-ada");

  // As after the browser was closed: the same row, without a tab that holds its lock.
  const key = sessionKey(clientKey(ISSUER, clientId), "ada");
  const row = await get<object>(key, createDatabase());
  const former = clientId;
  clientId = `${former}-next`;
  const client = clientKey(ISSUER, clientId);
  const database = createDatabase();
  await database("readwrite", (store) => {
    store.put(row, sessionKey(client, "ada"));
    store.put("ada", `default/${client}`);
  });
  const next = tab(prompt);
  await expect(next.auth.getToken({ prompt: "none" })).rejects.toMatchObject({ code: "no_token" });
  expect(next.auth.state).toMatchObject({ status: "anonymous" });
  expect(await get(sessionKey(client, "ada"), database)).toBeUndefined();
});

test("two tabs that open at the same time do not restore a session whose tabs have all closed", async () => {
  const one = tab({ chooseUser: () => ({ type: "dismiss" }), shouldRemember: () => false });
  await one.signIn("ada");
  const former = clientKey(ISSUER, clientId);
  const database = createDatabase();
  const row = await get<object>(sessionKey(former, "ada"), database);
  clientId = `${clientId}-next`;
  const client = clientKey(ISSUER, clientId);
  await database("readwrite", (store) => {
    store.put(row, sessionKey(client, "ada"));
    store.put("ada", `default/${client}`);
  });
  const tabs = [tab().auth, tab().auth];
  const calls = tabs.flatMap((auth) => [
    auth.getToken({ prompt: "none" }),
    auth.getToken({ prompt: "none", user: "ada" }),
  ]);
  for (const { status } of await Promise.allSettled(calls)) expect(status).toBe("rejected");
  for (const auth of tabs) expect(auth.state).toMatchObject({ status: "anonymous" });
  expect(await get(sessionKey(client, "ada"), database)).toBeUndefined();
  expect(await get(`default/${client}`, database)).toBeUndefined();
});

import { delMany, entries, get, keys, set } from "idb-keyval";
import { afterEach, expect, test, vi } from "vitest";
import { createAuth } from "../../../src/compose/create-auth.ts";
import { createDatabase } from "../../../src/browser/storage/database.ts";
import { IndexedDBSessionStore } from "../../../src/browser/storage/indexeddb-session-store.ts";
import { clientKey, defaultUserKey, sessionKey, usersKey } from "../../../src/core/keys.ts";
import { clientTag } from "../../../src/core/response-state.ts";
import { targetKey } from "../../../src/core/token-target.ts";
import { MemorySessionStore } from "../../support/memory-session-store.ts";
import { MemoryUserStore } from "../../support/memory-user-store.ts";
import type { SessionRow } from "../../../src/core/session.ts";

const ISSUER = "https://id.example";
const SUB = "user-of-traces";
const FACTS = /user-of-traces|Ada Traces|ada@traces|verifier-1|\/secret-page/;
const database = createDatabase();

// All test files share one database.
afterEach(async () => {
  const all = await keys<string>(database);
  await delMany(
    all.filter((key) => /^request\/(other|mine|young)|^callback\/.*-traces-/.test(key)),
    database,
  );
});

const row = (more: Partial<SessionRow> = {}): SessionRow => ({
  version: 2,
  sessionId: "s",
  generation: 1,
  sequence: 1,
  committedSequence: 1,
  attempt: null,
  end: null,
  lifetime: "remembered",
  remembered: { name: "Ada Traces", email: "ada@traces", lastUsedAt: 1 },
  renewable: true,
  access: {
    [targetKey({})]: {
      generation: 1,
      expiresAt: Date.now() + 600_000,
      scope: [],
      lifetimeMs: 600_000,
    },
  },
  tokens: {
    refreshToken: "rt",
    idTokenVerified: true,
    access: { [targetKey({})]: { token: "at", tokenType: "Bearer" } },
    user: { sub: SUB, name: "Ada Traces", email: "ada@traces", claims: { sub: SUB } },
  },
  ...more,
});

const request = (clientId: string, user: string | undefined, ageS: number) =>
  JSON.stringify({
    id: "x",
    created: Math.floor(Date.now() / 1000) - ageS,
    request_type: "latchkey/login",
    authority: ISSUER,
    client_id: clientId,
    code_verifier: "verifier-1",
    data: { user, returnTo: "/secret-page", createdAt: Date.now() },
  });

/** The key of a handled response. The `state` of the response begins with the tag of the client. */
const callback = (clientId: string): string =>
  `callback/${clientTag(clientKey(ISSUER, clientId))}.${`-${clientId}-`.padEnd(43, "x")}`;

let clients = 0;
/** A page with a signed-in user, an abandoned login of the user, and a handled response. */
async function signedIn(more: Partial<SessionRow> = {}) {
  const clientId = `traces-${++clients}`;
  const client = clientKey(ISSUER, clientId);
  await new IndexedDBSessionStore(database).update(sessionKey(client, SUB), () => row(more));
  await set(defaultUserKey(client), SUB, database);
  await set(`request/mine-${clientId}`, request(clientId, SUB, 10), database);
  await set(`request/other-${clientId}`, request(clientId, "other", 10), database);
  await set(
    callback(clientId),
    { at: Date.now(), record: { sub: SUB, returnTo: "/secret-page" } },
    database,
  );
  const endpoints = { authorizationEndpoint: `${ISSUER}/a`, tokenEndpoint: `${ISSUER}/t` };
  const auth = createAuth({
    issuer: ISSUER,
    clientId,
    redirectUri: "/callback",
    endpoints: { ...endpoints, jwksUri: `${ISSUER}/jwks` },
  });
  await vi.waitFor(() => expect(auth.state.status).toBe("authenticated"));
  return { auth, client, clientId };
}

/** What is stored of this client, without the tombstone, whose key has a hash. */
async function stored(client: string, clientId: string) {
  const all = await entries(database);
  return JSON.stringify(
    all.filter(([key]) => [client, clientId].some((name) => (key as string).includes(name))),
    (_, value: unknown) => (value instanceof Map ? [...value] : value),
  );
}

test("D2: after a logout, no name, email, verifier or page of the user is stored", async () => {
  const { auth, client, clientId } = await signedIn();
  expect(await auth.users()).toMatchObject([{ sub: SUB, name: "Ada Traces" }]);
  await auth.logout({ endSession: "none" });
  const left = await stored(client, clientId);
  expect(left).not.toMatch(/Ada Traces|ada@traces|"rt"|"at"/);
  expect(await get(`request/mine-${clientId}`, database)).toBeUndefined();
  expect(await get(callback(clientId), database)).toBeUndefined();
  expect(await get(`request/other-${clientId}`, database)).toBeDefined();
  expect(await auth.users()).toEqual([]);
  auth.dispose();
});

test("D2: a logout deletes no handled response of another client", async () => {
  const { auth, clientId } = await signedIn();
  const other = `${clientId}-other`;
  const entry = { at: Date.now(), record: { sub: SUB, returnTo: "/secret-page" } };
  await set(callback(other), entry, database);
  await auth.logout({ endSession: "none" });
  expect(await get(callback(clientId), database)).toBeUndefined();
  expect(await get(callback(other), database)).toEqual(entry);
  auth.dispose();
});

test("D2: after forget(), nothing of the user is stored", async () => {
  const { auth, client, clientId } = await signedIn();
  await auth.users();
  await auth.forget(SUB);
  await set(`request/other-${clientId}`, "", database);
  expect(await stored(client, clientId)).not.toMatch(FACTS);
  auth.dispose();
});

test.for(["logout()", "forget()"] as const)(
  "D2: after %s with the app's own stores, no verifier, returnTo or sub is in IndexedDB",
  async (call) => {
    const clientId = `traces-${++clients}`;
    const client = clientKey(ISSUER, clientId);
    const sessions = new MemorySessionStore();
    await sessions.update(sessionKey(client, SUB), () => row());
    const users = new MemoryUserStore(sessions, client);
    await users.putDefault(SUB);
    await set(`request/mine-${clientId}`, request(clientId, SUB, 10), database);
    await set(
      callback(clientId),
      { at: Date.now(), record: { sub: SUB, returnTo: "/" } },
      database,
    );
    const auth = createAuth({
      ...{ issuer: ISSUER, clientId, redirectUri: "/callback", sessions, users },
      endpoints: { authorizationEndpoint: `${ISSUER}/a`, tokenEndpoint: `${ISSUER}/t` },
      userFetcher: { fetchUser: async () => ({ sub: SUB, claims: { sub: SUB } }) },
    });
    await vi.waitFor(() => expect(auth.state.status).toBe("authenticated"));
    await (call === "forget()" ? auth.forget(SUB) : auth.logout({ endSession: "none" }));
    expect(await get(`request/mine-${clientId}`, database)).toBeUndefined();
    expect(await get(callback(clientId), database)).toBeUndefined();
    expect(await stored(client, clientId)).not.toMatch(FACTS);
    auth.dispose();
  },
);

test("D2: after a logout, a picker still shows a user who has chosen to be remembered", async () => {
  const chosen = { name: "Ada Traces", lastUsedAt: 1, isChosen: true } as const;
  const { auth, client } = await signedIn({ remembered: chosen });
  await auth.users();
  await auth.logout({ endSession: "none" });
  expect(await auth.users()).toMatchObject([{ sub: SUB, name: "Ada Traces", needsLogin: true }]);
  expect(await get(usersKey(client), database)).toBeInstanceOf(Map);
  auth.dispose();
});

test.for([
  ["a pending request", "request/old", request("any", undefined, 3_600)],
  ["a damaged request", "request/damaged", "{"],
  ["a handled response", "callback/old", { at: Date.now() - 3_600_000, record: { sub: SUB } }],
  [
    "a response of the future",
    "callback/future",
    { at: Date.now() + 3_600_000, record: { sub: SUB } },
  ],
] as const)("D2: %s that is too old is deleted when a page starts", async ([, key, value]) => {
  await set(key, value, database);
  await set("request/young", request("any", undefined, 60), database);
  const auth = createAuth({ issuer: ISSUER, clientId: "sweeps", redirectUri: "/callback" });
  await vi.waitFor(async () => expect(await get(key, database)).toBeUndefined());
  expect(await get("request/young", database)).toBeDefined();
  auth.dispose();
});

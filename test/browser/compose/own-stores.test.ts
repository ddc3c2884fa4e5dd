import { entries } from "idb-keyval";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createDatabase } from "../../../src/browser/storage/database.ts";
import { createAuth, type CreateAuthConfig } from "../../../src/compose/create-auth.ts";
import type { Auth } from "../../../src/core/auth.ts";
import type { Grant } from "../../../src/core/grant.ts";
import { clientKey, sessionKey } from "../../../src/core/keys.ts";
import {
  NO_CHANGE,
  type SessionRow,
  type SessionStore,
  type TokenRecord,
} from "../../../src/core/session.ts";
import type { UserStore } from "../../../src/core/user-store.ts";
import { AuthorizationCodeGrant } from "../../../src/grants/authorization-code-grant.ts";
import { AutoLoginGrant } from "../../../src/grants/auto-login-grant.ts";
import { CustomGrant } from "../../../src/grants/custom-grant.ts";
import { RefreshGrant } from "../../../src/grants/refresh-grant.ts";
import { importSession } from "../../../src/import/import-session.ts";
import { MemorySessionStore } from "../../support/memory-session-store.ts";
import { MemoryUserStore } from "../../support/memory-user-store.ts";

/** `createAuth({ sessions, users })` in a real page: every part uses the app's own stores, and nothing else stores a session. */

const ISSUER = "https://id.example";
const endpoints = {
  authorizationEndpoint: `${ISSUER}/authorize`,
  tokenEndpoint: `${ISSUER}/token`,
};

const opened: Auth[] = [];
afterEach(() => {
  for (const auth of opened.splice(0)) auth.dispose();
  vi.unstubAllGlobals();
});

/** Counts the calls of each method. */
function counting<T extends object>(store: T): { store: T; calls: Map<string, number> } {
  const calls = new Map<string, number>();
  const counted = new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        calls.set(String(name), (calls.get(String(name)) ?? 0) + 1);
        return Reflect.apply(member, target, args) as unknown;
      };
    },
  });
  return { store: counted, calls };
}

/** What Latchkey has stored of this client in IndexedDB and in `sessionStorage`, without pending requests. */
async function storedOf(clientId: string): Promise<string[]> {
  const client = clientKey(ISSUER, clientId);
  const inDatabase = (await entries(createDatabase())).flatMap(([key]) =>
    typeof key === "string" ? [key] : [],
  );
  const inTab = Object.keys(sessionStorage);
  return [...inDatabase, ...inTab].filter((key) => key.includes(client));
}

let logins = 0;
/** The users whom a login returns, one after the other. */
const who: string[] = [];

function setUp(which: "both" | "both, by a function" | "sessions") {
  const clientId = `own-${crypto.randomUUID()}`;
  const client = clientKey(ISSUER, clientId);
  const rows = new MemorySessionStore();
  const sessions = counting<SessionStore>(rows);
  const users = counting<UserStore>(new MemoryUserStore(rows, client));
  const makeUsers = vi.fn(() => users.store);
  const stores = {
    both: { sessions: sessions.store, users: users.store },
    "both, by a function": { sessions: sessions.store, users: makeUsers },
    sessions: { sessions: sessions.store },
  }[which];
  let grant: Grant | undefined;
  const config: CreateAuthConfig = {
    ...{ issuer: ISSUER, clientId, redirectUri: "/callback", endpoints, scope: [] },
    ...stores,
    userFetcher: { fetchUser: async () => ({ sub: "ada", claims: { sub: "ada" } }) },
    grant: (parts) => {
      const login = new CustomGrant(async ({ roundTrip, prompt }) => {
        if (!roundTrip || prompt === "none") {
          return new AuthorizationCodeGrant(parts.server).requestToken({});
        }
        logins++;
        const sub = who.shift() ?? "ada";
        return {
          ...{ accessToken: `at-${logins}`, refreshToken: `rt-${logins}`, tokenType: "Bearer" },
          ...{ expiresAt: Date.now() + 3_600_000, user: { sub, name: sub, claims: { sub } } },
        };
      });
      grant = new AutoLoginGrant(new RefreshGrant(login, parts), { ...parts, prompt });
      return grant;
    },
  };
  const prompt = {
    chooseUser: vi.fn(async () => ({ type: "continue" as const, sub: "ada" })),
    shouldRemember: async () => true,
  };
  const userAgent = {
    open: () => ({ redirectUri: "/callback", navigate: async () => "", close: () => {} }),
  };
  const open = (): Auth => {
    const auth = createAuth(config);
    opened.push(auth);
    return auth;
  };
  const rowOf = (sub: string) => rows.get(sessionKey(client, sub));
  return {
    clientId,
    client,
    config,
    rows,
    rowOf,
    sessions,
    users,
    makeUsers,
    prompt,
    userAgent,
    open,
    grant: () => grant!,
  };
}

/** Counts the calls during `work`. */
async function during(calls: Map<string, number>, work: () => Promise<unknown>): Promise<string[]> {
  const before = new Map(calls);
  await work();
  return [...calls].filter(([name, n]) => n > (before.get(name) ?? 0)).map(([name]) => name);
}

describe.for(["both", "both, by a function", "sessions"] as const)("own stores: %s", (which) => {
  test("login, refresh, picker, switch, logout, forget and import use them, and nothing goes around them", async () => {
    const my = setUp(which);
    const { sessions, users, userAgent } = my;
    const auth = my.open();
    const isAll = which !== "sessions";

    // Login.
    who.push("ada", "grace");
    expect(await during(sessions.calls, () => auth.login({ userAgent }))).toEqual(
      expect.arrayContaining(["seal", "update"]),
    );
    expect((await my.rowOf("ada"))?.end).toBeNull();
    await auth.login({ userAgent });
    await vi.waitFor(async () => {
      expect((await auth.users()).map(({ sub }) => sub).sort()).toEqual(["ada", "grace"]);
    });
    expect((await auth.getUser())?.sub).toBe("grace");

    // Refresh: the machine claims the attempt in the app's store, and stores the response there.
    const sent: string[] = [];
    vi.stubGlobal("fetch", async (_: string, { body }: RequestInit) => {
      sent.push(new URLSearchParams(body as string).get("refresh_token") ?? "");
      return Response.json({
        ...{ access_token: "at-fresh", token_type: "Bearer", expires_in: 3_600 },
        refresh_token: "rt-fresh",
      });
    });
    const generation = (await my.rowOf("grace"))!.generation;
    const refreshing = () => auth.getToken({ cache: "reload", prompt: "none" });
    expect(await during(sessions.calls, refreshing)).toEqual(
      expect.arrayContaining(["update", "open", "seal"]),
    );
    expect(await auth.getToken()).toBe("at-fresh");
    expect(sent).toEqual([`rt-${logins}`]);
    expect((await my.rowOf("grace"))!.generation).toBeGreaterThan(generation);

    // Switching the user, and another tab that opens meanwhile.
    await auth.switchUser("ada");
    expect((await auth.getUser())?.sub).toBe("ada");
    if (isAll) expect(users.calls.get("pin")).toBeGreaterThan(0);
    const second = my.open();
    await vi.waitFor(() => expect(second.state).toMatchObject({ status: "authenticated" }));

    // Logout, and then the picker of the remembered users, who come from the app's store.
    vi.stubGlobal("fetch", async () => new Response(""));
    expect(await during(sessions.calls, () => auth.logout({ endSession: "none" }))).toContain(
      "update",
    );
    expect((await my.rowOf("ada"))!.end?.reason).toBe("logged_out");
    expect((await auth.users()).find(({ sub }) => sub === "ada")?.needsLogin).toBe(true);

    // Forgetting.
    await auth.forget("grace");
    expect(await my.rowOf("grace")).toBeUndefined();
    expect((await auth.users()).map(({ sub }) => sub)).toEqual(["ada"]);
    await auth.forget("ada");
    expect(await auth.users()).toEqual([]);

    // Import.
    const claims = { sub: "linus", name: "Linus" };
    const from = {
      find: () => ({
        type: "found" as const,
        tokens: {
          ...{ accessToken: "at-i", refreshToken: "rt-i", claims },
          expiresAt: Date.now() + 60_000,
        },
        remove: () => {},
      }),
    };
    const { issuer, clientId, sessions: own, users: ownUsers } = my.config;
    const stores = { ...(own && { sessions: own }), ...(ownUsers && { users: ownUsers }) };
    expect(await importSession({ issuer, clientId, from, ...stores })).toMatchObject({
      type: "imported",
    });
    expect((await my.rowOf("linus"))?.renewable).toBe(true);

    // Nothing of all this is in IndexedDB or sessionStorage.
    const left = await storedOf(my.clientId);
    const stored = isAll ? /^(session|users|default|forgotten)\/|^latchkey\/active/ : /^session\//;
    expect(left.filter((key) => stored.test(key))).toEqual([]);
    if (which === "both, by a function") {
      expect(my.makeUsers).toHaveBeenCalledWith(
        expect.objectContaining({ client: my.client, sessions: own }),
      );
    }
  });
});

test("the app's store may return null for no row, may encrypt the tokens, and may lose its data", async () => {
  const my = setUp("sessions");
  const rows = new Map<string, string>();
  const seal = (record: unknown) => btoa(JSON.stringify(record));
  const noRow = null as unknown as undefined;
  const read = (key: string) => JSON.parse(rows.get(key) ?? "null") as SessionRow;
  const sessions: SessionStore = {
    get: async (key) => read(key),
    keys: async (prefix) => [...rows.keys()].filter((key) => key.startsWith(prefix)),
    update: async (key, change) => {
      const row = change(read(key) ?? noRow);
      if (row === NO_CHANGE) return read(key);
      if (row) rows.set(key, JSON.stringify(row));
      else rows.delete(key);
      return row;
    },
    seal: async (record) => seal(record),
    open: async (tokens) => JSON.parse(atob(tokens as string)) as TokenRecord,
  };
  const open = () => {
    const auth = createAuth({ ...my.config, sessions });
    opened.push(auth);
    return auth;
  };
  const auth = open();
  expect(await auth.login({ userAgent: my.userAgent })).toMatchObject({ sub: "ada" });
  const second = open();
  expect(await second.getToken({ prompt: "none" })).toBe(`at-${logins}`);

  const key = sessionKey(my.client, "ada");
  const whole = read(key);
  for (const damaged of [
    { ...whole, access: 7 },
    { ...whole, tokens: seal({ user: "ada" }) },
    { version: 2 },
    "row",
  ]) {
    rows.set(key, JSON.stringify(damaged));
    const third = open();
    expect(await third.getUser()).toBeUndefined();
    expect(third.state).toMatchObject({ status: "anonymous" });
  }
  expect(await auth.login({ userAgent: my.userAgent })).toMatchObject({ sub: "ada" });
  await auth.logout({ endSession: "none" });
  expect(read(key).end?.reason).toBe("logged_out");
});

test("null from getActive() of the app's own user store is no session", async () => {
  const my = setUp("both");
  const users = {
    ...my.users.store,
    getActive: async () => ({ sub: "ada", row: null as unknown as SessionRow }),
    putDefault: async () => {},
    pin: () => {},
    users: () => my.users.store.users(),
  };
  const auth = createAuth({ ...my.config, users });
  opened.push(auth);
  expect(await auth.getUser()).toBeUndefined();
  expect(auth.state.status).toBe("anonymous");
});

test("a tab that opens reads the app's stores, and the picker of a grant lists the app's users", async () => {
  const my = setUp("both");
  const auth = my.open();
  await auth.login({ userAgent: my.userAgent });
  await vi.waitFor(async () => expect((await auth.users()).length).toBe(1));
  const second = my.open();
  await vi.waitFor(() => expect(second.state).toMatchObject({ status: "authenticated" }));
  expect(await second.getToken()).toBe(`at-${logins}`);
  expect(my.users.calls.get("getActive")).toBeGreaterThan(1);

  const request = { mayChoose: new AbortController().signal, prompt: "select_account" as const };
  const { accessToken } = await my.grant().requestToken(request);
  expect(accessToken).toBe(`at-${logins}`);
  expect(my.prompt.chooseUser).toHaveBeenCalledWith(
    [expect.objectContaining({ sub: "ada" })],
    expect.anything(),
  );
});

test("D6: users whose sub has a lone surrogate are known, listed and forgotten, and a damaged key hides no user", async () => {
  const my = setUp("sessions");
  const auth = my.open();
  const subs = ["\ud800", "b\udc00"];
  for (const sub of subs) {
    who.push(sub);
    await auth.login({ userAgent: my.userAgent });
  }
  const row = (await my.rowOf("\ud800"))!;
  await my.rows.update(`${sessionKey(my.client, "")}%E0`, () => row);
  const listed = async () => (await auth.users()).map(({ sub }) => sub).sort();
  expect(await listed()).toEqual([...subs].sort());
  await auth.forget("\ud800");
  expect(await listed()).toEqual(["b\udc00"]);
});

describe("a store that cannot be used is refused at once", () => {
  const sessions = (): SessionStore => new MemorySessionStore();
  const users = (): UserStore => new MemoryUserStore(new MemorySessionStore(), "c");
  const without = <T extends object>(store: T, name: keyof T) =>
    Object.assign(Object.create(null) as T, {
      ...Object.fromEntries(
        ["get", "update", "seal", "open", "keys", "getActive", "putDefault", "pin", "users"]
          .filter((other) => other in store && other !== name)
          .map((other) => [other, Reflect.get(store, other)]),
      ),
    });
  const bad = { issuer: ISSUER, clientId: "own", redirectUri: "/" };

  test.for([
    ["persist", { persist: "memory", sessions: sessions() }],
    ["persist", { persist: "device", users: users() }],
    ["sessions.get", { sessions: without(sessions(), "get") }],
    ["sessions.update", { sessions: without(sessions(), "update") }],
    ["sessions.seal", { sessions: without(sessions(), "seal") }],
    ["sessions.open", { sessions: without(sessions(), "open") }],
    ["sessions.keys", { sessions: without(sessions(), "keys") }],
    ["users.getActive", { users: without(users(), "getActive") }],
    ["users.putDefault", { users: without(users(), "putDefault") }],
    ["users.pin", { users: without(users(), "pin") }],
    ["users.users", { users: without(users(), "users") }],
    ["users.pin", { users: () => without(users(), "pin") }],
    ["sessions.get", { sessions: null as unknown as SessionStore }],
    ["sessions.get", { sessions: sessions as unknown as SessionStore }],
    ["persist", { persist: "memory", users: () => users() }],
    ["users.getActive", { users: () => undefined as unknown as UserStore }],
    ["users.getActive", { users: null as unknown as UserStore }],
  ] as const)("%s", async ([input, stores]) => {
    const refused = { code: "configuration", input, message: expect.stringContaining(input) };
    expect(() => createAuth({ ...bad, ...stores })).toThrow(expect.objectContaining(refused));
    // importSession() calls the function of `users` only if there is a session to import.
    if (input !== "persist" && "users" in stores && typeof stores.users === "function") return;
    const from = { find: () => undefined };
    await expect(importSession({ ...bad, ...stores, from })).rejects.toMatchObject(refused);
  });

  test("sessions need no keys() when users are given, too", () => {
    const stores = { sessions: without(sessions(), "keys"), users: users() };
    const auth = createAuth({ ...bad, clientId: crypto.randomUUID(), ...stores });
    opened.push(auth);
    expect(auth.state.status).toBe("loading");
  });
});

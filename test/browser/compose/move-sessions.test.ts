import { get, keys, set } from "idb-keyval";
import { afterEach, expect, test, vi } from "vitest";
import { systemClock, systemRandom } from "../../../src/browser/page/system-clock.ts";
import { BroadcastTokens } from "../../../src/browser/storage/broadcast-tokens.ts";
import { createDatabase } from "../../../src/browser/storage/database.ts";
import { IndexedDBSessionStore } from "../../../src/browser/storage/indexeddb-session-store.ts";
import { createAuth, type CreateAuthConfig } from "../../../src/compose/create-auth.ts";
import type { Auth } from "../../../src/core/auth.ts";
import {
  clientKey,
  defaultUserKey,
  ownerLock,
  sessionKey,
  usersKey,
} from "../../../src/core/keys.ts";
import type { SessionRow } from "../../../src/core/session.ts";
import { targetKey } from "../../../src/core/token-target.ts";
import { MemorySessionStore } from "../../support/memory-session-store.ts";
import { MemoryUserStore } from "../../support/memory-user-store.ts";

/** An app that had its sessions in IndexedDB gets a store of its own. */

const ISSUER = "https://id.example";
const database = createDatabase();
const opened: Auth[] = [];
afterEach(() => {
  for (const auth of opened.splice(0)) auth.dispose();
});

const rowOf = (sub: string, more: Partial<SessionRow> = {}): SessionRow => ({
  ...{ version: 2, sessionId: `s-${sub}`, generation: 1, sequence: 1, committedSequence: 1 },
  ...{ attempt: null, end: null, lifetime: "remembered", renewable: true },
  remembered: { name: sub, lastUsedAt: 1 },
  access: {
    [targetKey({})]: { generation: 1, expiresAt: Date.now() + 600_000, scope: [] },
  },
  tokens: {
    ...{ refreshToken: `rt-${sub}`, idTokenVerified: true, user: { sub, claims: { sub } } },
    access: { [targetKey({})]: { token: `at-${sub}`, tokenType: "Bearer" } },
  },
  ...more,
});

/** A device on which an earlier version of the app has stored the sessions of `users`. The first one is the default user. */
async function device(...users: (readonly [sub: string, row: SessionRow])[]) {
  const clientId = `moves-${crypto.randomUUID()}`;
  const client = clientKey(ISSUER, clientId);
  const old = new IndexedDBSessionStore(database);
  for (const [sub, row] of users) await old.update(sessionKey(client, sub), () => row);
  await set(defaultUserKey(client), users[0]![0], database);
  await set(usersKey(client), new Map([[users[0]![0], { name: "Ada" }]]), database);
  const sessions = new MemorySessionStore();
  const open = (stores: Partial<CreateAuthConfig> = { sessions }): Auth => {
    const auth = createAuth({
      ...{ issuer: ISSUER, clientId, redirectUri: "/callback", ...stores },
      endpoints: { authorizationEndpoint: `${ISSUER}/a`, tokenEndpoint: `${ISSUER}/t` },
      userFetcher: { fetchUser: async () => ({ sub: "ada", claims: { sub: "ada" } }) },
    });
    opened.push(auth);
    return auth;
  };
  const left = async () =>
    (await keys<string>(database)).filter(
      (key) => key.includes(client) && /^(session|users)\//.test(key),
    );
  return { client, sessions, open, left };
}

test("D2: sessions in IndexedDB move to the app's own store, and nobody is logged out", async () => {
  const my = await device(["ada", rowOf("ada")], ["grace", rowOf("grace")]);
  const auth = my.open();
  expect(await auth.getToken({ prompt: "none" })).toBe("at-ada");
  expect(await auth.getToken({ user: "grace", prompt: "none" })).toBe("at-grace");
  expect((await auth.users()).map(({ sub }) => sub).sort()).toEqual(["ada", "grace"]);
  expect(await my.left()).toEqual([]);
  expect(await my.sessions.get(sessionKey(my.client, "ada"))).toMatchObject({
    tokens: { refreshToken: "rt-ada" },
  });
});

test("with the app's own users, the default user moves, too", async () => {
  const my = await device(["ada", rowOf("ada")]);
  const { sessions } = my;
  const auth = my.open({ sessions, users: new MemoryUserStore(sessions, my.client) });
  expect((await auth.getUser())?.sub).toBe("ada");
  expect(await my.left()).toEqual([]);
  expect(await get(defaultUserKey(my.client), database)).toBeUndefined();
});

test("a session that the app's store already has is not replaced", async () => {
  const my = await device(["ada", rowOf("ada")]);
  const key = sessionKey(my.client, "ada");
  const end = { reason: "logged_out", sequence: 2 } as const;
  await my.sessions.update(key, () => rowOf("ada", { end, tokens: null, access: {} }));
  const auth = my.open();
  expect(await auth.getUser()).toBeUndefined();
  expect(await my.left()).toEqual([]);
  expect((await my.sessions.get(key))?.end).toEqual(end);
});

test("tokens in the memory of tabs move, and a session without tokens is deleted", async () => {
  const my = await device(["ada", rowOf("ada")]);
  const tab = new BroadcastTokens({ client: my.client, clock: systemClock, random: systemRandom });
  const old = new IndexedDBSessionStore(database);
  const record = rowOf("ada").tokens as Parameters<BroadcastTokens["seal"]>[0];
  const tokens = await tab.seal(record);
  await old.update(sessionKey(my.client, "ada"), () => rowOf("ada", { tokens }));
  await old.update(sessionKey(my.client, "lost"), () => rowOf("lost", { tokens: { memory: "x" } }));
  const auth = my.open();
  expect(await auth.getToken({ prompt: "none" })).toBe("at-ada");
  expect((await auth.users()).map(({ sub }) => sub)).toEqual(["ada"]);
  expect(await my.left()).toEqual([]);
});

test("a session of a newer version of Latchkey stays in IndexedDB, and a damaged one is deleted", async () => {
  const my = await device(["ada", rowOf("ada")]);
  const newer = sessionKey(my.client, "newer");
  await set(newer, { version: 3 }, database);
  await set(sessionKey(my.client, "damaged"), { version: 2, tokens: "rt" }, database);
  await my.open().getUser();
  expect(await my.left()).toEqual([newer]);
});

test("a refresh of a tab with the earlier version ends before the session moves", async () => {
  const attempt = {
    ...{ id: crypto.randomUUID(), sequence: 2, tab: "old", target: targetKey({}) },
    ...{ uncertainSends: 0, sends: 1 },
  };
  const my = await device(["ada", rowOf("ada", { attempt, sequence: 2 })]);
  const key = sessionKey(my.client, "ada");
  let finish = () => {};
  const finished = new Promise<void>((resolve) => (finish = resolve));
  let isHeld = () => {};
  const held = new Promise<void>((resolve) => (isHeld = resolve));
  const refresh = navigator.locks.request(`latchkey/${ownerLock(attempt.id)}`, async () => {
    isHeld();
    await finished;
    await new IndexedDBSessionStore(database).update(key, () => rowOf("ada", { generation: 2 }));
  });
  await held;
  const auth = my.open();
  const read = vi.spyOn(my.sessions, "update");
  const user = auth.getUser();
  await vi.waitFor(async () => {
    const { pending = [] } = await navigator.locks.query();
    expect(pending.map(({ name }) => name)).toContain(`latchkey/${ownerLock(attempt.id)}`);
  });
  expect(read).not.toHaveBeenCalled();
  finish();
  await refresh;
  expect((await user)?.sub).toBe("ada");
  expect((await my.sessions.get(key))?.generation).toBe(2);
});

import { entries, get, keys, set } from "idb-keyval";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createDatabase } from "../../../src/browser/storage/database.ts";
import { BroadcastTokens } from "../../../src/browser/storage/broadcast-tokens.ts";
import { IndexedDBRequestStore } from "../../../src/browser/storage/indexeddb-request-store.ts";
import { systemClock, systemRandom } from "../../../src/browser/page/system-clock.ts";
import type { Auth } from "../../../src/core/auth.ts";
import {
  activeUserKey,
  clientKey,
  defaultUserKey,
  usersKey,
  sessionKey,
} from "../../../src/core/keys.ts";
import type { SessionRow, TokenRecord } from "../../../src/core/session.ts";
import { createAuth } from "../../../src/compose/create-auth.ts";
import { DEFAULT_TARGET } from "../../../src/core/token-target.ts";

/** Sessions of an app that used the other `persist` before, in a real page with real stores. */

const ISSUER = "https://id.example";
const endpoints = {
  authorizationEndpoint: `${ISSUER}/authorize`,
  tokenEndpoint: `${ISSUER}/token`,
  jwksUri: `${ISSUER}/keys`,
};
const database = createDatabase();

const auths: Auth[] = [];
const uncaught: unknown[] = [];
const note = (event: ErrorEvent | PromiseRejectionEvent) =>
  uncaught.push("reason" in event ? event.reason : event.error);
beforeEach(() => {
  window.addEventListener("error", note);
  window.addEventListener("unhandledrejection", note);
});
afterEach(() => {
  for (const auth of auths.splice(0)) auth.dispose();
  window.removeEventListener("error", note);
  window.removeEventListener("unhandledrejection", note);
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  expect(uncaught.splice(0)).toEqual([]);
});

function record(sub: string): TokenRecord {
  return {
    refreshToken: `rt-${sub}`,
    idToken: `id-${sub}`,
    idTokenVerified: true,
    user: { sub, claims: { sub } },
    access: { [DEFAULT_TARGET]: { token: `at-${sub}`, tokenType: "Bearer" } },
  };
}

function rowOf(tokens: unknown, changes: Partial<SessionRow> = {}): SessionRow {
  return {
    version: 2,
    sessionId: crypto.randomUUID(),
    generation: 1,
    sequence: 1,
    committedSequence: 1,
    attempt: null,
    end: null,
    lifetime: "remembered",
    remembered: { lastUsedAt: 1 },
    renewable: true,
    access: {
      [DEFAULT_TARGET]: {
        generation: 1,
        expiresAt: Date.now() + 600_000,
        scope: ["openid"],
        lifetimeMs: 600_000,
      },
    },
    tokens,
    ...changes,
  };
}

/** Sets up a client that no other test uses. */
function setUp() {
  const clientId = `persist-${crypto.randomUUID()}`;
  const client = clientKey(ISSUER, clientId);
  const key = (sub: string) => sessionKey(client, sub);
  return {
    client,
    key,
    open: (persist: "device" | "memory") => {
      const auth = createAuth({
        issuer: ISSUER,
        clientId,
        endpoints,
        redirectUri: "/callback",
        persist,
      });
      auths.push(auth);
      return auth;
    },
    store: async (sub: string, row: unknown) => {
      await set(key(sub), row, database);
      await set(defaultUserKey(client), sub, database);
    },
    stored: (sub: string) => get<SessionRow>(key(sub), database),
    /** All stored entries of this client, as text. */
    disk: async () =>
      JSON.stringify(
        (await entries(database)).filter(([name]) => (name as string).includes(clientId)),
      ),
    /** Another tab in memory mode, and the name of its tokens. */
    otherTab: async (sub: string) => {
      const tab = new BroadcastTokens({ client, clock: systemClock, random: systemRandom });
      return { tab, sealed: await tab.seal(record(sub)) };
    },
    forgetTab: () => sessionStorage.removeItem(activeUserKey(client)),
  };
}

const silent = (auth: Auth) => auth.getToken({ prompt: "none" });

describe("B9: memory mode finds tokens on the disk", () => {
  test("B9: moves the tokens of all users into memory and keeps the sessions", async () => {
    const { open, store, disk, stored } = setUp();
    await store("grace", rowOf(record("grace")));
    await store("ada", rowOf(record("ada"), { generation: 7 }));
    const auth = open("memory");
    expect(await silent(auth)).toBe("at-ada");
    expect(auth.state).toMatchObject({ status: "authenticated", user: { sub: "ada" } });
    await vi.waitFor(async () => {
      const text = await disk();
      for (const secret of ["at-", "rt-", "id-ada", "id-grace"]) expect(text).not.toContain(secret);
    });
    expect(await stored("ada")).toMatchObject({ generation: 7, end: null, renewable: true });
    // A second tab gets the tokens from the first tab.
    expect(await silent(open("memory"))).toBe("at-ada");
    await auth.switchUser("grace");
    expect(await silent(auth)).toBe("at-grace");
  });

  test("B9: removes tokens from the disk when no user is logged in, too", async () => {
    const { open, store, disk, client } = setUp();
    await store("ada", rowOf(record("ada")));
    await set(defaultUserKey(client), null, database);
    const auth = open("memory");
    await vi.waitFor(async () => expect(await disk()).not.toContain("rt-ada"));
    expect(auth.state.status).toBe("anonymous");
  });

  test("B9: works beside a tab in device mode that stores tokens on the disk again", async () => {
    const { open, store, disk, stored } = setUp();
    await store("ada", rowOf(record("ada")));
    const memory = open("memory");
    expect(await silent(memory)).toBe("at-ada");
    const device = open("device");
    expect(await silent(device)).toBe("at-ada");
    await vi.waitFor(async () => expect(await disk()).toContain("rt-ada"));
    document.dispatchEvent(new Event("resume"));
    await vi.waitFor(async () => expect(await stored("ada")).toBeDefined());
    for (const auth of [memory, device, memory]) expect(await silent(auth)).toBe("at-ada");
  });

  test("B9: a logout leaves no token on the disk", async () => {
    const { open, store, disk } = setUp();
    await store("ada", rowOf(record("ada")));
    const auth = open("memory");
    await silent(auth);
    await auth.logout({ revoke: "none", endSession: "none" });
    expect(auth.state.status).toBe("anonymous");
    expect(await disk()).not.toMatch(/rt-|at-ada/);
  });

  test("B9: does not change rows that have ended, are damaged or have a newer version", async () => {
    const { open, store, stored } = setUp();
    const end = { reason: "logged_out", sequence: 2 } as const;
    const rows = {
      ended: rowOf(null, { end, access: {}, renewable: false }),
      damaged: { ...rowOf(record("damaged")), generation: "x" },
      newer: { version: 3, tokens: record("newer") },
      ada: rowOf(record("ada")),
    };
    for (const [sub, row] of Object.entries(rows)) await store(sub, row);
    await silent(open("memory"));
    await vi.waitFor(async () => expect((await stored("ada"))!.tokens).toHaveProperty("memory"));
    for (const sub of ["ended", "damaged", "newer"] as const) {
      expect(await stored(sub)).toEqual(rows[sub]);
    }
  });
});

describe("B9: device mode finds the name of tokens in memory", () => {
  test("B9: stores the tokens of another tab, and keeps the session when that tab drops them", async () => {
    const { open, store, stored, otherTab } = setUp();
    const { tab, sealed } = await otherTab("ada");
    await store("ada", rowOf(sealed));
    const auth = open("device");
    expect(await silent(auth)).toBe("at-ada");
    expect((await stored("ada"))!.tokens).toEqual(record("ada"));
    tab.discard(sealed);
    expect(await silent(open("device"))).toBe("at-ada");
  });

  test("B9: deletes the session without waiting when no tab has the tokens", async () => {
    const { open, store, stored, client } = setUp();
    await store("ada", rowOf({ memory: "lost" }));
    await set(usersKey(client), new Map([["ada", { lastUsedAt: 1 }]]), database);
    const begun = performance.now();
    const auth = open("device");
    await expect(silent(auth)).rejects.toMatchObject({ code: "no_token" });
    // Waiting for other tabs would take four seconds per read, and there are two reads.
    expect(performance.now() - begun).toBeLessThan(3_500);
    expect(auth.state.status).toBe("anonymous");
    expect(await stored("ada")).toBeUndefined();
    expect(await auth.users()).toEqual([]);
  });

  test("B9: keeps the session while a tab that does not respond holds the tokens", async () => {
    const { open, store, stored } = setUp();
    await store("ada", rowOf({ memory: "held" }));
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      void navigator.locks.request("latchkey/tokens/held", { mode: "shared" }, () => {
        resolve();
        return new Promise<void>((end) => (release = end));
      });
    });
    await held;
    const auth = open("device");
    const failing = expect(silent(auth)).rejects.toMatchObject({ code: "no_token" });
    await vi.waitFor(() => expect(auth.state.status).toBe("anonymous"), 6_000);
    expect(await stored("ada")).toBeDefined();
    release();
    await failing;
  });

  test("B9: a logout reaches the tab that holds the tokens", async () => {
    const { open, store, otherTab } = setUp();
    const { tab, sealed } = await otherTab("ada");
    await store("ada", rowOf(sealed));
    const auth = open("device");
    await auth.logout({ user: "ada", revoke: "none", endSession: "none" });
    await vi.waitFor(() => expect(tab.open(sealed)).rejects.toMatchObject({ code: "no_token" }));
  });
});

describe("a damaged record", () => {
  test.for<[string, unknown]>([
    ["has no user", rowOf({ ...record("ada"), user: {} })],
    ["has another user", rowOf(record("grace"))],
    ["has no token for its index", rowOf({ ...record("ada"), access: {} })],
    [
      "has an index of strings",
      rowOf(record("ada"), { access: { [DEFAULT_TARGET]: "x" as never } }),
    ],
    ["has neither tokens nor an end", rowOf(null)],
    ["has an invalid name of tokens", rowOf({ memory: {} })],
    ["is a string", "garbage"],
    ["is an array", [1, 2]],
    ["is a date", new Date()],
  ])("%s: no user is logged in, in both modes, and nothing throws", async ([, row]) => {
    for (const persist of ["device", "memory"] as const) {
      const { open, store } = setUp();
      await store("ada", row);
      const auth = open(persist);
      await vi.waitFor(() => expect(auth.state.status).toBe("anonymous"));
      await expect(silent(auth)).rejects.toMatchObject({ code: "no_token" });
    }
  });

  test("in the list of users or of handled responses hides no other user and throws nothing", async () => {
    const { open, store, client } = setUp();
    await store("ada", rowOf(record("ada")));
    const list = new Map<unknown, unknown>([
      ["ada", { lastUsedAt: 1, needsLogin: false }],
      ["%E0%A4%A", { lastUsedAt: 1 }],
      [7, { lastUsedAt: 1 }],
      [{}, null],
    ]);
    await set(usersKey(client), list, database);
    await set(`${sessionKey(client, "")}%E0%A4%A`, rowOf(record("x")), database);
    const responses = ["text", null, { at: 1, record: "sub" }, { at: {}, record: { sub: 7 } }];
    for (const [n, response] of responses.entries()) {
      await set(`callback/${client}-${n}`, response, database);
    }
    const auth = open("device");
    expect(await auth.users()).toMatchObject([{ sub: "ada" }]);
    await auth.forget("ada");
    expect(await auth.users()).toEqual([]);
    expect(await keys(database)).not.toContain(sessionKey(client, "ada"));
  });

  test.for<[string, unknown]>([
    ["a number", 7],
    ["an object", { sub: "ada" }],
    ["empty", ""],
    ["an array", ["ada"]],
  ])("of the default user that is %s logs in no user", async ([, entry]) => {
    const { open, store, client } = setUp();
    await store("ada", rowOf(record("ada")));
    await set(defaultUserKey(client), entry, database);
    const auth = open("device");
    await vi.waitFor(() => expect(auth.state).toMatchObject({ status: "anonymous" }));
  });

  test("of a pending request counts as missing", async () => {
    const requests = new IndexedDBRequestStore(database);
    for (const damaged of [{ not: "a text" }, 7, null]) {
      await set("request/damaged", damaged, database);
      expect(await requests.get("damaged")).toBeNull();
      expect(await requests.remove("damaged")).toBeNull();
    }
  });
});

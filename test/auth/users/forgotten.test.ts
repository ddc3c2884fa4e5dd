import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { sessionKey } from "../../../src/core/keys.ts";
import type { Grant, TokenRequest } from "../../../src/core/grant.ts";
import type { TokenSet } from "../../../src/core/token-set.ts";
import { AutoLoginGrant } from "../../../src/grants/auto-login-grant.ts";
import { CachedGrant } from "../../../src/grants/cached-grant.ts";
import { ConfiguredGrant } from "../../../src/grants/configured-grant.ts";
import { CustomGrant } from "../../../src/grants/custom-grant.ts";
import { RefreshGrant } from "../../../src/grants/refresh-grant.ts";
import { RefreshTokenGrant } from "../../../src/grants/refresh-token-grant.ts";
import { TokenExchangeGrant } from "../../../src/grants/token-exchange-grant.ts";
import { storeImported, type TakenTokens } from "../../../src/import/store-imported.ts";
import { mapStorage, scriptedGrant } from "../../grants/support.ts";
import { ADA, CLIENT, KEY, settle, testClock } from "../../refresh/tabs.ts";
import { loginResponse, world, type World, STATE } from "../fixture.ts";
import { two } from "../two-users.ts";

/** The tests check the data that `forget()` and a logout leave, and the users that may come back. */

const DAY_MS = 86_400_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Tokens of `sub` from a host app. */
function hosted(sub: string, changes: Partial<TokenSet> = {}): TokenSet {
  const { refreshToken: _, idToken: __, ...response } = loginResponse();
  return {
    ...response,
    accessToken: `host-${sub}`,
    expiresAt: Date.now() + 3_600_000,
    user: { sub, claims: { sub } },
    ...changes,
  };
}

/** A host app whose grant returns tokens of its current user, and a client with tabs around this grant. */
function hostApp(wrap: (grant: Grant) => Grant = (grant) => grant) {
  const my = world();
  const host = { user: ADA, asked: [] as TokenRequest[] };
  const grant = () =>
    wrap(
      new CustomGrant(async (request) => {
        host.asked.push(request);
        return hosted(host.user);
      }),
    );
  const open = async () => {
    const auth = my.tab(undefined, grant);
    auth.start();
    await settle();
    return auth;
  };
  return { my, host, open };
}

const none = { prompt: "none" } as const;
const noToken = { code: "no_token" };
const isIn = (my: World, sub: string) => my.store.get(sessionKey(CLIENT, sub));

describe("B7: a user who was forgotten", () => {
  const storage = mapStorage();
  afterEach(() => storage.clear());

  describe.each<[string, (grant: Grant) => Grant]>([
    ["a CustomGrant", (grant) => grant],
    ["a CachedGrant", (grant) => new CachedGrant(grant, { storage, key: "host" })],
    [
      "a ConfiguredGrant with a CachedGrant",
      (grant) =>
        new ConfiguredGrant({
          loadConfig: async () => ({ type: "host" }),
          registry: { host: () => new CachedGrant(grant, { storage, key: "host" }) },
        }),
    ],
  ])("with %s", (_name, wrap) => {
    test("B7: does not come back at the next call, in any tab", async () => {
      const { my, open } = hostApp(wrap);
      const [auth, other] = [await open(), await open()];
      expect(await auth.getToken(none)).toBe("host-ada");
      expect(await other.getToken(none)).toBe("host-ada");
      await auth.forget(ADA);
      await settle();
      for (const tab of [auth, other, await open()]) {
        await expect(tab.getToken(none)).rejects.toMatchObject(noToken);
        await expect(tab.getToken({ ...none, user: ADA })).rejects.toMatchObject(noToken);
        expect(tab.state).toMatchObject({ status: "anonymous" });
      }
      expect(await isIn(my, ADA)).toBeUndefined();
    });

    test("B7: leaves the tab without a user, also when the host app has switched to another user", async () => {
      const { my, host, open } = hostApp(wrap);
      const [auth, other] = [await open(), await open()];
      await auth.getToken(none);
      await other.getToken(none);
      await auth.forget(ADA);
      await settle();
      host.user = "grace";
      for (const tab of [auth, other]) {
        await expect(tab.getToken(none)).rejects.toMatchObject(noToken);
        expect(tab.state).toMatchObject({ status: "anonymous" });
      }
      // A named user applies to this call only.
      expect(await auth.getToken({ ...none, user: "grace" })).toBe("host-grace");
      const fresh = await open();
      expect(await fresh.getToken(none)).toBe("host-grace");
      expect(fresh.state).toMatchObject({ user: { sub: "grace" } });
      expect(await isIn(my, ADA)).toBeUndefined();
    });

    test("B7: does not come back by an automatic login of a visible page", async () => {
      const { my, open } = hostApp(wrap);
      const auth = await open();
      await auth.getToken(none);
      await auth.forget(ADA);
      my.page.mayNavigate = true;
      await expect(auth.getToken()).rejects.toMatchObject(noToken);
      await expect((await open()).getToken()).rejects.toMatchObject(noToken);
      expect(my.roundTrips).toEqual([]);
      expect(await isIn(my, ADA)).toBeUndefined();
    });

    test("B7: comes back by login(), and then works as before", async () => {
      const { my, open } = hostApp(wrap);
      const auth = await open();
      await auth.getToken(none);
      await auth.forget(ADA);
      await expect(auth.getToken(none)).rejects.toMatchObject(noToken);
      expect(await auth.login()).toMatchObject({ sub: ADA });
      expect(await auth.getToken(none)).toBe("host-ada");
      expect(await (await my.users.users()).isForgotten(ADA)).toBe(false);
      expect(await (await open()).getToken(none)).toBe("host-ada");
    });

    test("B7: may come back after a day", async () => {
      const { open } = hostApp(wrap);
      const auth = await open();
      await auth.getToken(none);
      await auth.forget(ADA);
      vi.setSystemTime(Date.now() + DAY_MS - 1_000);
      await expect((await open()).getToken(none)).rejects.toMatchObject(noToken);
      vi.setSystemTime(Date.now() + 1_000);
      expect(await (await open()).getToken(none)).toBe("host-ada");
    });
  });

  test("B7: leaves nothing in a cache, also when the host app names the user again", async () => {
    for (const how of ["forget", "logout"] as const) {
      const { open } = hostApp((grant) => new CachedGrant(grant, { storage, key: "host" }));
      const auth = await open();
      await auth.getToken(none);
      expect(JSON.stringify([...storage.rows])).toContain("host-ada");
      await (how === "forget" ? auth.forget(ADA) : auth.logout({ endSession: "none" }));
      expect(JSON.stringify([...storage.rows])).not.toContain("ada");
      await expect(auth.getToken(none)).rejects.toMatchObject(noToken);
      expect(JSON.stringify([...storage.rows])).not.toContain("host-ada");
    }
  });

  test("B7: is not brought back by a silent login that started later", async () => {
    const my = await two();
    const auth = my.tab();
    auth.start();
    await settle();
    await auth.forget(ADA);
    my.navigate = async () => "https://app.example/callback?code=c&state=s";
    await expect(auth.login({ prompt: "none" })).rejects.toMatchObject({ code: "cancelled" });
    await expect(my.tab().login({ prompt: "none" })).rejects.toMatchObject({ code: "cancelled" });
    expect(await isIn(my, ADA)).toBeUndefined();
    expect(await auth.login()).toMatchObject({ sub: ADA });
    expect(auth.state).toMatchObject({ status: "authenticated", user: { sub: ADA } });
  });

  test("B7: is not brought back by the response to a silent login of the page", async () => {
    const my = await two();
    const auth = my.tab();
    auth.start();
    await settle();
    await auth.forget(ADA);
    my.server.exchange = async () =>
      loginResponse({ asked: { resource: undefined, audience: undefined, prompt: "none" } });
    const response = `https://app.example/callback?code=c&state=${STATE}`;
    await expect(auth.handleCallback(response)).rejects.toMatchObject({ code: "cancelled" });
    expect(await isIn(my, ADA)).toBeUndefined();
  });

  test("B7: is not imported from another SDK that still has a session", async () => {
    const my = await two();
    const auth = my.tab();
    auth.start();
    await settle();
    await auth.forget(ADA);
    await auth.forget("grace");
    const random = { id: () => "imported", fraction: () => 0 };
    const parts = {
      client: CLIENT,
      tab: "import",
      sessions: my.store,
      users: my.users.inAnotherTab(),
      channel: my.channel,
      random,
      clock: testClock,
    };
    const tokens = hosted(ADA) as TakenTokens;
    expect(await storeImported(parts, tokens)).toBe(false);
    expect(await isIn(my, ADA)).toBeUndefined();
    expect(await storeImported(parts, hosted("linus") as TakenTokens)).toBe(true);
  });

  test("B7: does not block other users", async () => {
    const { my, host, open } = hostApp();
    const auth = await open();
    await auth.getToken(none);
    await auth.forget(ADA);
    host.user = "linus";
    expect(await (await open()).getToken(none)).toBe("host-linus");
    expect(await isIn(my, "linus")).toBeDefined();
  });
});

describe("B7: a CachedGrant", () => {
  const setUp = (user: () => string | undefined) => {
    const storage = mapStorage();
    const inner = scriptedGrant((_, nth) => {
      const sub = user();
      const { user: _user, ...response } = hosted(sub ?? "nobody", { accessToken: `t${nth}` });
      return sub === undefined ? response : { ...response, user: { sub, claims: { sub } } };
    });
    const open = () => new CachedGrant(inner, { storage, key: "host" });
    return { storage, inner, open };
  };

  test("B7: deletes all records of a removed user, also those of an earlier page", async () => {
    const { storage, open } = setUp(() => ADA);
    const before = open();
    await before.requestToken({ user: ADA });
    await before.requestToken({ user: ADA, resource: "https://api.example" });
    await before.requestToken({});
    await before.requestToken({ scope: ["read"] });
    const key = [...storage.rows.keys()][0]!;
    await storage.set(key, { damaged: "secret of ada" });
    await before.requestToken({ user: ADA });
    await open().removeUser(ADA);
    expect(JSON.stringify([...storage.rows.values()])).not.toMatch(/t\d|secret/);
  });

  test("B7: keeps the records of other users", async () => {
    let sub = ADA;
    const { open, inner } = setUp(() => sub);
    const grant = open();
    await grant.requestToken({ user: ADA });
    sub = "grace";
    await grant.requestToken({ user: "grace" });
    await grant.requestToken({});
    await grant.removeUser(ADA);
    await grant.requestToken({ user: "grace" });
    await grant.requestToken({});
    expect(inner.asked).toHaveLength(3);
  });

  test("B7: deletes records without a user, because they may belong to the removed user", async () => {
    const { open, inner } = setUp(() => undefined);
    const grant = open();
    await grant.requestToken({});
    await grant.removeUser(ADA);
    expect((await grant.requestToken({})).accessToken).toBe("t2");
    expect(inner.asked).toHaveLength(2);
  });

  test("B7: stores nothing that arrives after the user was removed", async () => {
    const storage = mapStorage();
    let give = () => {};
    const inner = scriptedGrant(
      () => new Promise<TokenSet>((resolve) => (give = () => resolve(hosted(ADA)))),
    );
    const grant = new CachedGrant(inner, { storage, key: "host" });
    const late = grant.requestToken({});
    await vi.waitFor(() => expect(inner.asked).toHaveLength(1));
    await grant.removeUser(ADA);
    const next = grant.requestToken({});
    give();
    await late;
    await vi.waitFor(() => expect(inner.asked).toHaveLength(2));
    expect(JSON.stringify([...storage.rows.values()])).not.toContain("host-ada");
    give();
    await next;
  });

  test("B7: does not return the stored tokens of another user", async () => {
    const { storage, open } = setUp(() => undefined);
    const grant = open();
    await grant.requestToken({ user: "grace" });
    const [key, row] = [...storage.rows][0]!;
    const record = row.value as { tokens: object };
    await storage.set(key, { ...record, tokens: { ...record.tokens, user: { sub: ADA } } });
    expect((await grant.requestToken({ user: "grace" })).accessToken).toBe("t2");
  });
});

describe("B7: removeUser() of a grant is called", () => {
  test.each(["logout", "forget", "logoutAll"] as const)("B7: by %s()", async (how) => {
    const my = await two();
    const removed: string[] = [];
    const grant: Grant = {
      requestToken: () => Promise.reject(new Error("not asked")),
      removeUser: async (sub) => void removed.push(sub),
    };
    const [auth, other] = [my.tab(grant), my.tab(grant)];
    const received: string[] = [];
    other.onUserRemoved((sub) => received.push(sub));
    for (const tab of [auth, other]) tab.start();
    await settle();
    if (how === "forget") await auth.forget(ADA);
    else await auth[how]();
    await settle();
    const subs = how === "logoutAll" ? [ADA, "grace"] : [ADA];
    expect(new Set(removed)).toEqual(new Set(subs));
    expect(new Set(received)).toEqual(new Set(subs));
  });

  test("B7: through every grant that wraps one", async () => {
    const removed: string[] = [];
    const inner: Grant = {
      requestToken: () => Promise.reject(new Error("not asked")),
      removeUser: async (sub) => void removed.push(sub),
    };
    const server = { requestTokens: () => Promise.reject(new Error("not asked")) };
    const my = world();
    const parts = { client: CLIENT, users: my.users, sessions: my.store, clock: testClock };
    const prompt = {
      chooseUser: async () => ({ type: "dismiss" }) as const,
      shouldRemember: async () => false,
    };
    const chains: Grant[] = [
      new RefreshGrant(inner, { refresher: { refresh: () => Promise.reject(new Error("no")) } }),
      new AutoLoginGrant(inner, { ...parts, prompt }),
      new RefreshTokenGrant(inner, server),
      new TokenExchangeGrant(inner, server),
      new CachedGrant(inner, { storage: mapStorage(), key: "k" }),
      new ConfiguredGrant({
        loadConfig: async () => ({ type: "x" }),
        registry: { x: () => inner },
      }),
    ];
    for (const [at, grant] of chains.entries()) {
      await grant.removeUser!(`user-${at}`);
      expect(removed).toEqual([`user-${at}`]);
      removed.pop();
    }
  });

  test("B7: a grant that hangs and a listener that throws do not delay a logout", async () => {
    const my = await two();
    const auth = my.tab({
      requestToken: () => Promise.reject(new Error("not asked")),
      removeUser: () => new Promise(() => {}),
    });
    auth.onUserRemoved(() => {
      throw new Error("of the app");
    });
    auth.start();
    await settle();
    const done = auth.logout({ endSession: "none" });
    await vi.waitFor(() => expect(auth.state).toMatchObject({ status: "anonymous" }));
    await vi.advanceTimersByTimeAsync(2_000);
    await done;
    expect((await my.store.get(KEY))!.end).toMatchObject({ reason: "logged_out" });
  });

  test("B7: a listener of onUserRemoved() is not called after its undo function", async () => {
    const my = await two();
    const auth = my.tab();
    auth.start();
    await settle();
    const received: string[] = [];
    const undo = auth.onUserRemoved((sub) => received.push(sub));
    undo();
    await auth.logout({ endSession: "none" });
    expect(received).toEqual([]);
  });
});

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { TokenParameters } from "../../src/core/authorization-server.ts";
import { tokenSet, type TokenSet } from "../../src/core/token-set.ts";
import { AuthGrant } from "../../src/grants/auth-grant.ts";
import { CachedGrant } from "../../src/grants/cached-grant.ts";
import { CustomGrant } from "../../src/grants/custom-grant.ts";
import { TokenExchangeGrant } from "../../src/grants/token-exchange-grant.ts";
import type { AuthManager } from "../../src/auth/auth-manager.ts";
import { TokenManager } from "../../src/service/token-manager.ts";
import type { TokenManagerConfig } from "../../src/service/token-manager-options.ts";
import { MemoryTabLock } from "../../src/memory/memory-tab-lock.ts";
import { MemoryTokenStorage } from "../../src/memory/memory-token-storage.ts";
import { mapStorage } from "../grants/support.ts";
import { ADA, settle } from "../refresh/tabs.ts";
import type { Grant } from "../../src/core/grant.ts";
import { two } from "../auth/two-users.ts";
import type { World } from "../auth/fixture.ts";
import { type TabLock, wallClock } from "../../src/core/ports.ts";

/** Service tokens that belong to the user who is signed in. Ada and Grace have sessions. */

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function exchanged(accessToken: string): TokenSet {
  return tokenSet({
    accessToken,
    tokenType: "Bearer",
    expiresAt: Date.now() + 3_600_000,
    scope: [],
    refreshToken: `rt of ${accessToken}`,
    issuedTokenType: "urn:ietf:params:oauth:token-type:access_token",
  });
}

/** A server that exchanges `at-ada` for `billing at-ada 1`. */
function exchangeServer() {
  const subjects: string[] = [];
  let wait: () => Promise<unknown> = async () => {};
  return {
    subjects,
    set wait(next: () => Promise<unknown>) {
      wait = next;
    },
    requestTokens: async (parameters: TokenParameters) => {
      const subject = String(parameters["subject_token"]);
      subjects.push(subject);
      await wait();
      return exchanged(`billing ${subject} ${subjects.length}`);
    },
  };
}

/** The ways in which an app may give a token manager the tokens of an `Auth`. */
const RECIPES: readonly (readonly [
  string,
  (auth: AuthManager, server: ReturnType<typeof exchangeServer>) => Partial<TokenManagerConfig>,
])[] = [
  [
    "a TokenExchangeGrant around an AuthGrant",
    (auth, server) => ({ provider: new TokenExchangeGrant(new AuthGrant(auth), server) }),
  ],
  [
    "a TokenExchangeGrant around auth.getToken(), without a user",
    (auth, server) => ({
      provider: new TokenExchangeGrant(
        new CustomGrant(async ({ prompt }) => ({
          accessToken: await auth.getToken({ prompt: prompt ?? "none" }),
        })),
        server,
      ),
    }),
  ],
  [
    "a TokenExchangeGrant around an object that asks auth.getToken()",
    (auth, server) => ({
      provider: new TokenExchangeGrant(
        { requestToken: async () => exchanged(await auth.getToken({ prompt: "none" })) },
        server,
      ),
    }),
  ],
  [
    "a function that exchanges, and the owner",
    (auth, server) => ({
      owner: auth,
      provider: new CustomGrant(async () => {
        const subject_token = await auth.getToken({ prompt: "none" });
        const { accessToken, refreshToken } = await server.requestTokens({
          grant_type: "x",
          subject_token,
        });
        return { accessToken, ...(refreshToken && { refreshToken }) };
      }),
    }),
  ],
];
const OWNED = RECIPES.filter(([name]) => !/auth\.getToken/.test(name));

/** Sessions of Ada and Grace, and managers that share one storage. */
async function setUp() {
  const my = await two();
  const storage = new MemoryTokenStorage();
  const locks = new MemoryTabLock();
  const server = exchangeServer();
  const manager = (auth: AuthManager, recipe: (typeof RECIPES)[number][1], more = {}) => {
    const made = new TokenManager({
      service: "billing",
      storage,
      locks,
      clock: wallClock,
      provider: { requestToken: () => Promise.reject(new Error("not replaced")) },
      ...recipe(auth, server),
      ...more,
    });
    made.start();
    return made;
  };
  return { my, storage, locks, server, manager };
}

async function open(my: World, inner?: Grant): Promise<AuthManager> {
  const auth = my.tab(inner);
  auth.start();
  await settle();
  return auth;
}

describe.each(RECIPES)("B6: %s", (_name, recipe) => {
  test("B6: gives Grace no token of Ada after a switch, and gives Ada her token again afterwards", async () => {
    const { my, manager, server } = await setUp();
    const auth = await open(my);
    const billing = manager(auth, recipe);
    expect(await billing.getToken()).toBe("billing at-ada 1");
    expect(await billing.getToken()).toBe("billing at-ada 1");
    await auth.switchUser("grace");
    expect(await billing.getToken()).toBe("billing at-grace 2");
    await auth.switchUser(ADA);
    expect(await billing.getToken()).toBe("billing at-ada 1");
    expect(server.subjects).toEqual(["at-ada", "at-grace"]);
  });

  test("B6: two tabs of two users share a storage, but no token", async () => {
    const { my, manager } = await setUp();
    const [ada, grace] = [await open(my), await open(my)];
    await grace.switchUser("grace");
    const [first, second] = [manager(ada, recipe), manager(grace, recipe)];
    const tokens = await Promise.all([
      first.getToken(),
      second.getToken(),
      first.getToken(),
      second.getToken(),
    ]);
    expect(tokens.map((token) => /at-(\w+)/.exec(token)![1])).toEqual([
      "ada",
      "grace",
      "ada",
      "grace",
    ]);
    expect(await first.getToken()).toBe(tokens[0]);
    expect(await second.getToken()).toBe(tokens[1]);
  });

  test("B6: gives no stored token when no user is signed in", async () => {
    const { my, manager, server } = await setUp();
    const auth = await open(my);
    const billing = manager(auth, recipe);
    await billing.getToken();
    await auth.logout({ endSession: "none" });
    await expect(billing.getToken({ prompt: "none" })).rejects.toMatchObject({ code: "no_token" });
    expect(server.subjects).toHaveLength(1);
  });

  test("B6: a switch during the exchange stores nothing for the wrong user", async () => {
    const { my, manager, server } = await setUp();
    const auth = await open(my);
    const billing = manager(auth, recipe);
    server.wait = async () => {
      server.wait = async () => {};
      await auth.switchUser("grace");
    };
    await billing.getToken().catch(() => {});
    expect(await billing.getToken()).toContain("at-grace");
    await auth.switchUser(ADA);
    expect(await billing.getToken()).toContain("at-ada");
  });
});

describe.each(OWNED)("B6: %s", (_name, recipe) => {
  test.each(["logout", "forget", "logoutAll"] as const)(
    "B6: %s deletes all entries of the users that it logs out, and no other entries",
    async (how) => {
      const { my, manager, storage } = await setUp();
      const auth = await open(my);
      const billing = manager(auth, recipe);
      await billing.getToken();
      await billing.getToken({ audience: "https://other.example" });
      await auth.switchUser("grace");
      await billing.getToken();
      await auth.switchUser(ADA);
      const set = vi.spyOn(storage, "set");
      if (how === "forget") await auth.forget(ADA);
      else await auth[how]();
      expect(set).not.toHaveBeenCalled();
      const key = (sub: string, audience = "") => `auth_token:billing:${sub}:["","${audience}",""]`;
      expect(await storage.exists(key(ADA))).toBe(false);
      expect(await storage.exists(key(ADA, "https://other.example"))).toBe(false);
      expect(await storage.exists(key("grace"))).toBe(how !== "logoutAll");
    },
  );

  test("B6: a logout in another tab deletes the user's entries, too", async () => {
    const { my, manager, storage } = await setUp();
    const [auth, other] = [await open(my), await open(my)];
    await manager(auth, recipe).getToken();
    expect(await storage.exists(`auth_token:billing:${ADA}:["","",""]`)).toBe(true);
    await other.logout({ endSession: "none" });
    await settle();
    expect(await storage.exists(`auth_token:billing:${ADA}:["","",""]`)).toBe(false);
  });

  test("B6: a token that arrives after the logout is neither stored nor given", async () => {
    const { my, manager, server, storage } = await setUp();
    const auth = await open(my);
    const billing = manager(auth, recipe);
    let arrive = () => {};
    server.wait = () => new Promise<void>((resolve) => (arrive = resolve));
    const token = billing.getToken({ prompt: "none" });
    token.catch(() => {});
    await vi.waitFor(() => expect(server.subjects).toHaveLength(1));
    await auth.logout({ endSession: "none" });
    arrive();
    await expect(token).rejects.toMatchObject({ code: "no_token" });
    expect(await storage.exists(`auth_token:billing:${ADA}:["","",""]`)).toBe(false);
  });

  test("B6: the names of the locks contain the user", async () => {
    const { my, manager, locks } = await setUp();
    const names: string[] = [];
    const request: TabLock["request"] = (name, ...rest) => {
      names.push(name);
      return locks.request(name, ...rest);
    };
    const auth = await open(my);
    const billing = manager(auth, recipe, { locks: { request, query: async () => {} } });
    await billing.getToken();
    expect(names).toContain(`token/auth_token:billing:${ADA}:["","",""]`);
  });

  test("B6: forceRefresh and invalidateToken change only the current user's token", async () => {
    const { my, manager } = await setUp();
    const auth = await open(my);
    const billing = manager(auth, recipe);
    await billing.getToken();
    await auth.switchUser("grace");
    expect(await billing.getToken()).toBe("billing at-grace 2");
    await billing.invalidateToken({ refreshToken: "forget" });
    expect(await billing.getToken()).toBe("billing at-grace 3");
    expect(await billing.forceRefresh()).toBe("billing at-grace 4");
    await auth.switchUser(ADA);
    expect(await billing.getToken()).toBe("billing at-ada 1");
  });
});

describe("B6: an entry of the user", () => {
  test("B6: is ignored when it has another user's tokens", async () => {
    const { my, manager, storage } = await setUp();
    const auth = await open(my);
    const billing = manager(auth, RECIPES[0]![1]);
    await billing.getToken();
    const key = `auth_token:billing:${ADA}:["","",""]`;
    const stored = (await storage.get(key)) as object;
    await storage.set(key, { ...stored, accessToken: "of grace", user: { sub: "grace" } });
    expect(await billing.getToken()).toBe("billing at-ada 2");
  });

  test("B6: is deleted by removeUser() when there is no Auth", async () => {
    const { storage, locks, server } = await setUp();
    let user: string | undefined = "a";
    const reports = new TokenManager({
      service: "reports",
      owner: { getUser: async () => (user === undefined ? undefined : { sub: user }) },
      provider: {
        requestToken: () => server.requestTokens({ grant_type: "x", subject_token: user }),
      },
      storage,
      locks,
      clock: wallClock,
    });
    expect(await reports.getToken()).toBe("billing a 1");
    user = "b";
    expect(await reports.getToken()).toBe("billing b 2");
    await reports.removeUser("a");
    user = "a";
    expect(await reports.getToken()).toBe("billing a 3");
  });

  test("B6: is stored separately by a CachedGrant, and deleted at logout", async () => {
    const { my, server } = await setUp();
    const auth = await open(my);
    const storage = mapStorage();
    const cached = new CachedGrant(new TokenExchangeGrant(new AuthGrant(auth), server), {
      storage,
      key: "exchange",
    });
    auth.onUserRemoved((sub) => cached.removeUser(sub));
    const token = async () => (await cached.requestToken({})).accessToken;
    expect([await token(), await token()]).toEqual(["billing at-ada 1", "billing at-ada 1"]);
    await auth.switchUser("grace");
    expect(await token()).toBe("billing at-grace 2");
    await auth.switchUser(ADA);
    expect(await token()).toBe("billing at-ada 1");
    await auth.logout({ endSession: "none" });
    expect(JSON.stringify([...storage.rows])).not.toContain("at-ada");
    expect(JSON.stringify([...storage.rows])).toContain("at-grace");
  });
});

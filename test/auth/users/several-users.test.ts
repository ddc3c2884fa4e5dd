import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { NetworkError } from "../../../src/core/errors.ts";
import { MemoryUserStore } from "../../support/memory-user-store.ts";
import { sessionKey } from "../../../src/core/keys.ts";
import { ADA, responseOf, CLIENT, KEY, settle, testClock } from "../../refresh/tabs.ts";
import { goodRow, loginResponse, REDIRECT_URI, world, type World, STATE } from "../fixture.ts";
import { GRACE, rowOf, two } from "../two-users.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const RESPONSE = `${REDIRECT_URI}?code=c&state=${STATE}`;

async function started(my: World) {
  const auth = my.tab();
  auth.start();
  await settle();
  return auth;
}

describe("getToken({ user })", () => {
  test("returns each user's token, and does not change the user of the tab", async () => {
    const auth = await started(await two());
    expect(await auth.getToken({ user: "grace" })).toBe("at-grace");
    expect(await auth.getToken({ user: ADA })).toBe("at-ada");
    expect(await auth.getToken()).toBe("at-ada");
    expect(auth.state).toMatchObject({ user: { sub: ADA } });
  });

  test("refreshes the session of the requested user", async () => {
    const my = await two();
    await my.store.update(GRACE, () => rowOf("grace"));
    const auth = await started(my);
    my.refreshes.push(responseOf(2));
    expect(await auth.getToken({ user: "grace" })).toBe("at2");
    expect((await my.store.get(GRACE))!.generation).toBe(2);
    expect((await my.store.get(KEY))!.generation).toBe(1);
    expect(auth.state).toMatchObject({ user: { sub: ADA }, token: { origin: "stored" } });
    expect(await auth.getToken()).toBe("at-ada");
  });

  test("works when a newer Latchkey version has written the session of this tab's user", async () => {
    const my = await two();
    await my.store.update(KEY, (row) => ({ ...row!, version: 3 as 2 }));
    const auth = await started(my);
    expect(await auth.getToken({ user: "grace" })).toBe("at-grace");
    await expect(auth.getToken()).rejects.toMatchObject({ code: "configuration" });
  });

  test("rejects for an unknown user with prompt none", async () => {
    const auth = await started(await two());
    await expect(auth.getToken({ user: "linus", prompt: "none" })).rejects.toMatchObject({
      code: "no_token",
    });
  });

  test("starts a login for a user whose session ended, and the other sessions stay", async () => {
    const my = await two();
    await my.store.update(GRACE, () => rowOf("grace"));
    my.page.mayNavigate = true;
    const authorize = vi.fn(async () => "https://id.example/auth");
    my.server.authorize = authorize;
    my.server.exchange = async () =>
      loginResponse({ accessToken: "new", user: { sub: "grace", claims: { sub: "grace" } } });
    my.navigate = async () => RESPONSE;
    const auth = await started(my);
    my.refreshes.push({ type: "invalid_grant" });
    expect(await auth.getToken({ user: "grace" })).toBe("new");
    expect(authorize).toHaveBeenCalledWith(
      expect.objectContaining({ loginHint: "grace@example.com" }),
      undefined,
    );
    expect((await my.store.get(KEY))!.end).toBeNull();
  });

  test("never returns a token that a login obtained for another user", async () => {
    const my = await two();
    my.page.mayNavigate = true;
    my.server.exchange = async () => loginResponse();
    my.navigate = async () => RESPONSE;
    const auth = await started(my);
    await expect(auth.getToken({ user: "linus" })).rejects.toMatchObject({ code: "no_token" });
  });
});

test("getToken() does not list the users", async () => {
  const users = vi.spyOn(MemoryUserStore.prototype, "users");
  const auth = await started(await two());
  await auth.getToken();
  await auth.getToken({ user: "grace" });
  await auth.getToken({ scope: ["openid"] });
  expect(users).not.toHaveBeenCalled();
});

describe("swapped rows and responses", () => {
  test("rows: neither returns the other user's token, and no refresh token is sent", async () => {
    const my = await two();
    const [ada, grace] = [(await my.store.get(KEY))!, (await my.store.get(GRACE))!];
    await my.store.update(KEY, () => grace);
    await my.store.update(GRACE, () => ada);
    const auth = await started(my);
    expect(auth.state.status).toBe("anonymous");
    for (const options of [{}, { user: ADA }, { user: "grace" }] as const) {
      for (const cache of ["default", "reload"] as const) {
        await expect(auth.getToken({ ...options, cache, prompt: "none" })).rejects.toMatchObject({
          code: "no_token",
        });
      }
    }
    await expect(auth.switchUser("grace")).rejects.toMatchObject({ code: "no_token" });
    expect(my.sends).toBe(0);
  });

  test("rows: while the page is open, it returns the cached token of its user, or none", async () => {
    const my = await two();
    const auth = await started(my);
    const [ada, grace] = [(await my.store.get(KEY))!, (await my.store.get(GRACE))!];
    await my.store.update(KEY, () => grace);
    await my.store.update(GRACE, () => ada);
    expect(await auth.getToken()).toBe("at-ada");
    await expect(auth.getToken({ cache: "reload", prompt: "none" })).rejects.toMatchObject({
      code: "no_token",
    });
    await expect(auth.getToken({ user: "grace", prompt: "none" })).rejects.toMatchObject({
      code: "no_token",
    });
  });

  test("responses: tokens of another user from a grant are not returned", async () => {
    const my = await two();
    const response = loginResponse({ generation: 7, user: { sub: "grace", claims: {} } });
    const auth = my.tab({ requestToken: async () => response });
    auth.start();
    await settle();
    await my.store.update(KEY, (row) => ({ ...row!, renewable: false, access: {} }));
    await expect(auth.getToken({ cache: "reload", prompt: "none" })).rejects.toMatchObject({
      code: "no_token",
    });
  });
});

describe("the user of a tab", () => {
  test("is switched in that tab and in tabs that open later", async () => {
    const my = await two();
    const [a, b] = [await started(my), await started(my)];
    await a.switchUser("grace");
    await settle();
    expect(a.state).toMatchObject({ status: "authenticated", user: { sub: "grace" } });
    expect(await a.getToken()).toBe("at-grace");
    expect(b.state).toMatchObject({ user: { sub: ADA } });
    expect(await b.getToken()).toBe("at-ada");
    expect(await b.getToken({ cache: "default", scope: ["openid"] })).toBe("at-ada");
    expect((await started(my)).state).toMatchObject({ user: { sub: "grace" } });
  });

  test("stays when a user logs in in another tab, and after a new start()", async () => {
    const my = await two();
    const [a, b] = [await started(my), await started(my)];
    my.navigate = async () => RESPONSE;
    my.server.exchange = async () =>
      loginResponse({ user: { sub: "linus", claims: { sub: "linus" } } });
    await a.login();
    await settle();
    b.dispose();
    b.start();
    await settle();
    expect(a.state).toMatchObject({ user: { sub: "linus" } });
    expect(b.state).toMatchObject({ user: { sub: ADA } });
  });

  test("is the user who logs in in another tab when the tab has none", async () => {
    const my = world();
    const [a, b] = [await started(my), await started(my)];
    my.navigate = async () => RESPONSE;
    await a.login();
    await settle();
    expect(b.state).toMatchObject({ status: "authenticated", user: { sub: ADA } });
  });

  test("cannot be switched to a user without a session", async () => {
    const my = await two();
    const auth = await started(my);
    await expect(auth.switchUser("linus")).rejects.toMatchObject({ code: "no_token" });
    expect(auth.state).toMatchObject({ user: { sub: ADA } });
  });

  test("is not changed by the token of a call that started before the switch", async () => {
    const my = await two();
    await my.store.update(KEY, () => rowOf(ADA));
    const auth = await started(my);
    let response = () => {};
    my.response = () => new Promise((resolve) => (response = () => resolve(responseOf(2))));
    const token = auth.getToken({ cache: "reload" });
    await settle();
    await auth.switchUser("grace");
    response();
    expect(await token).toBe("at2");
    expect(auth.state).toMatchObject({ user: { sub: "grace" } });
    expect(await auth.getToken()).toBe("at-grace");
  });
});

describe("users()", () => {
  test("lists the remembered users, the last used first, without a token", async () => {
    const my = await two();
    const auth = await started(my);
    const users = await auth.users();
    expect(users.map(({ sub, email, needsLogin }) => [sub, email, needsLogin])).toEqual([
      [ADA, "ada@example.com", false],
      ["grace", "grace@example.com", false],
    ]);
    expect(JSON.stringify(users)).not.toMatch(/at-|rt-/);
    vi.advanceTimersByTime(10);
    await auth.switchUser("grace");
    expect((await auth.users()).map(({ sub }) => sub)).toEqual(["grace", ADA]);
  });

  test("says which users need a login", async () => {
    const my = await two();
    await my.store.update(GRACE, (row) => ({
      ...row!,
      end: { reason: "session_ended", sequence: 1 },
      tokens: null,
    }));
    const auth = await started(my);
    expect(await auth.users()).toMatchObject([
      { sub: ADA, needsLogin: false },
      { sub: "grace", needsLogin: true },
    ]);
  });

  test("works beside a session row of a newer Latchkey version, and so do the other users", async () => {
    const my = await two();
    await my.store.update(KEY, (row) => ({ ...row!, version: 3 }) as never);
    const auth = await started(my);
    await expect(auth.getToken({ prompt: "none" })).rejects.toMatchObject({
      code: "configuration",
    });
    expect(await auth.users()).toHaveLength(2);
    await auth.switchUser("grace");
    expect(await auth.getToken()).toBe("at-grace");
  });
});

describe("a custom grant", () => {
  test("that returns the token of another user adds it to that session, and changes no tab", async () => {
    const my = await two();
    await my.store.update(GRACE, (row) => ({ ...row!, renewable: false, access: {} }));
    const user = { sub: "grace", claims: {} };
    const { refreshToken: _, ...response } = loginResponse({ accessToken: "own", user });
    const auth = my.tab({ requestToken: async () => response });
    auth.start();
    await settle();
    expect(await auth.getToken({ user: "grace", prompt: "none" })).toBe("own");
    expect(auth.state).toMatchObject({ user: { sub: ADA } });
    expect((await my.users.getActive()).sub).toBe(ADA);
    expect((await my.store.get(GRACE))!.sessionId).toBe("sid-grace");
  });
});

describe("logout({ user })", () => {
  test("logs out that user in every tab, and no other user", async () => {
    const my = await two();
    const [a, b] = [await started(my), await started(my)];
    await b.switchUser("grace");
    my.server.revoke = vi.fn(async () => {});
    my.server.endSession = vi.fn(async () => "https://id.example/end");
    await a.logout({ user: "grace" });
    await settle();
    expect(a.state).toMatchObject({ user: { sub: ADA } });
    expect(await a.getToken()).toBe("at-ada");
    expect(b.state).toMatchObject({ status: "anonymous" });
    await expect(b.getToken({ prompt: "none" })).rejects.toMatchObject({ code: "no_token" });
    expect(JSON.stringify(await my.store.get(GRACE))).not.toMatch(/at-|rt-/);
    expect(my.server.revoke).toHaveBeenCalledExactlyOnceWith("rt-grace", expect.anything());
    expect(my.page.navigations).toEqual([]);
    expect(await a.users()).toMatchObject([{ sub: ADA, needsLogin: false }]);
    await expect(a.switchUser("grace")).rejects.toMatchObject({ code: "no_token" });
  });

  test("of this tab's user also ends the session at the server", async () => {
    const my = await two();
    my.server.endSession = async () => "https://id.example/end";
    const auth = await started(my);
    await auth.logout({ user: ADA });
    expect(my.page.navigations).toEqual(["https://id.example/end"]);
  });
});

describe("a revocation while offline", () => {
  async function signedOutOffline() {
    const my = await two();
    my.page.isOnline = false;
    const revoke = vi.fn<(token: string) => Promise<void>>(async () => {});
    my.server.revoke = revoke;
    const auth = await started(my);
    await auth.logout({ user: "grace" });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(revoke).not.toHaveBeenCalled();
    return { my, auth, revoke };
  }

  test("waits for the network", async () => {
    const { my, revoke } = await signedOutOffline();
    my.page.isOnline = true;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(revoke).toHaveBeenCalledExactlyOnceWith("rt-grace", expect.anything());
  });

  test("is not sent when the user has logged in again", async () => {
    const { my, revoke } = await signedOutOffline();
    await my.store.update(GRACE, () => rowOf("grace"));
    my.page.isOnline = true;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(revoke).not.toHaveBeenCalled();
  });

  test("is sent when the user was forgotten, and repeated only after a network failure", async () => {
    const { my, auth, revoke } = await signedOutOffline();
    await auth.forget("grace");
    revoke.mockRejectedValueOnce(new NetworkError("cut"));
    my.page.isOnline = true;
    await vi.advanceTimersByTimeAsync(120_000);
    expect(revoke).toHaveBeenCalledTimes(2);
  });

  test("that failed delays the next login until its request cannot be in flight any more", async () => {
    const { my, auth, revoke } = await signedOutOffline();
    revoke.mockRejectedValueOnce(new NetworkError("cut"));
    const authorize = vi.fn(async () => "https://id.example/auth");
    my.server.authorize = authorize;
    my.page.isOnline = true;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(revoke).toHaveBeenCalledTimes(1);
    void auth.login();
    await vi.advanceTimersByTimeAsync(900);
    expect(authorize).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(authorize).toHaveBeenCalledTimes(1);
  });
});

describe("forget()", () => {
  test("leaves nothing of the user, in any tab", async () => {
    const my = await two();
    const [a, b] = [await started(my), await started(my)];
    await b.switchUser("grace");
    my.server.revoke = vi.fn(async () => {});
    await a.forget("grace");
    await settle();
    expect(await my.store.get(GRACE)).toBeUndefined();
    expect(await a.users()).toMatchObject([{ sub: ADA }]);
    expect(b.state).toMatchObject({ status: "anonymous" });
    await expect(b.getToken({ prompt: "none" })).rejects.toMatchObject({ code: "no_token" });
    expect(my.server.revoke).toHaveBeenCalledExactlyOnceWith("rt-grace", expect.anything());
    expect(a.state).toMatchObject({ user: { sub: ADA } });
    // The tab of the forgotten user has no user, also after a new start().
    b.dispose();
    b.start();
    await settle();
    expect(b.state).toMatchObject({ status: "anonymous" });
  });

  test("of this tab's user leaves this tab and new tabs without a user", async () => {
    const my = await two();
    const auth = await started(my);
    await auth.forget(ADA);
    expect(auth.state).toMatchObject({ status: "anonymous" });
    expect((await started(my)).state).toMatchObject({ status: "anonymous" });
    expect(await my.store.get(KEY)).toBeUndefined();
    expect(await auth.getToken({ user: "grace" })).toBe("at-grace");
  });

  test("deletes a session row of a newer Latchkey version", async () => {
    const my = await two();
    await my.store.update(GRACE, (row) => ({ ...row!, version: 3 }) as never);
    const auth = await started(my);
    await auth.forget("grace");
    expect(await my.store.get(GRACE)).toBeUndefined();
  });
});

describe("logoutAll()", () => {
  test("logs out every user in every tab, and revokes each token", async () => {
    const my = await two();
    const [a, b] = [await started(my), await started(my)];
    await b.switchUser("grace");
    const revoked: string[] = [];
    my.server.revoke = async (token) => void revoked.push(token);
    my.server.endSession = vi.fn(async () => "https://id.example/end");
    await a.logoutAll();
    await settle();
    expect([a.state, b.state]).toMatchObject([{ status: "anonymous" }, { status: "anonymous" }]);
    expect(revoked.sort()).toEqual(["rt-ada", "rt-grace"]);
    expect(my.server.endSession).toHaveBeenCalledTimes(1);
    expect(my.page.navigations).toEqual(["https://id.example/end"]);
    for (const key of [KEY, GRACE]) {
      expect(JSON.stringify(await my.store.get(key))).not.toMatch(/at-|rt-/);
    }
    expect(await a.users()).toEqual([]);
  });

  test("logs out the other users when one session is of a newer Latchkey version, and rejects", async () => {
    const my = await two();
    await my.store.update(GRACE, (row) => ({ ...row!, version: 3 as 2 }));
    const revoked: string[] = [];
    my.server.revoke = async (token) => void revoked.push(token);
    const auth = await started(my);
    await expect(auth.logoutAll()).rejects.toMatchObject({ code: "configuration" });
    expect(auth.state).toMatchObject({ status: "anonymous" });
    expect(revoked).toEqual(["rt-ada"]);
  });

  test("revokes each token at a slow server, however long the others take", async () => {
    const my = await two();
    const more = ["p1", "p2", "p3"];
    for (const sub of more) {
      await my.store.update(sessionKey(CLIENT, sub), () => goodRow(rowOf(sub)));
    }
    const revoked: string[] = [];
    my.server.revoke = async (token) => {
      await testClock.sleep(900);
      revoked.push(token);
    };
    const auth = await started(my);
    const signedOut = auth.logoutAll();
    await vi.advanceTimersByTimeAsync(120_000);
    await signedOut;
    expect(revoked.sort()).toEqual(["rt-ada", "rt-grace", "rt-p1", "rt-p2", "rt-p3"]);
  });
});

test("a request with a 401 response is sent again for the user it was sent for", async () => {
  const my = await two();
  const auth = await started(my);
  const sent: (string | null)[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    sent.push(request.headers.get("authorization"));
    await auth.switchUser("grace");
    return new Response("", { status: sent.length === 1 ? 401 : 200 });
  });
  my.refreshes.push(responseOf(2));
  const response = await auth.fetch("https://app.example/pay", { method: "POST", body: "pay" });
  expect(response.status).toBe(200);
  expect(sent).toEqual(["Bearer at-ada", "Bearer at2"]);
  expect((await my.store.get(GRACE))!.generation).toBe(1);
  expect(auth.state).toMatchObject({ user: { sub: "grace" } });
});

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
  test("gives each person's token, and shows nobody else", async () => {
    const auth = await started(await two());
    expect(await auth.getToken({ user: "grace" })).toBe("at-grace");
    expect(await auth.getToken({ user: ADA })).toBe("at-ada");
    expect(await auth.getToken()).toBe("at-ada");
    expect(auth.state).toMatchObject({ user: { sub: ADA } });
  });

  test("refreshes the session of whom it is for", async () => {
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

  test("is given although a newer Latchkey has this tab's person", async () => {
    const my = await two();
    await my.store.update(KEY, (row) => ({ ...row!, version: 3 as 2 }));
    const auth = await started(my);
    expect(await auth.getToken({ user: "grace" })).toBe("at-grace");
    await expect(auth.getToken()).rejects.toMatchObject({ code: "configuration" });
  });

  test("of nobody known asks nobody with prompt none", async () => {
    const auth = await started(await two());
    await expect(auth.getToken({ user: "linus", prompt: "none" })).rejects.toMatchObject({
      code: "no_token",
    });
  });

  test("of an ended session asks that person, and the others stay", async () => {
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

  test("never gives what a login brought for somebody else", async () => {
    const my = await two();
    my.page.mayNavigate = true;
    my.server.exchange = async () => loginResponse();
    my.navigate = async () => RESPONSE;
    const auth = await started(my);
    await expect(auth.getToken({ user: "linus" })).rejects.toMatchObject({ code: "no_token" });
  });
});

test("nobody lists people for a token", async () => {
  const users = vi.spyOn(MemoryUserStore.prototype, "users");
  const auth = await started(await two());
  await auth.getToken();
  await auth.getToken({ user: "grace" });
  await auth.getToken({ scope: ["openid"] });
  expect(users).not.toHaveBeenCalled();
});

describe("rows and answers that are swapped", () => {
  test("rows: neither gives the other's token, and no refresh token leaves", async () => {
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

  test("while the page is open: what it holds is still this person's, or nothing", async () => {
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

  test("answers: a grant that answers with another person's tokens gives nothing", async () => {
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

describe("the person of a tab", () => {
  test("is switched in that tab alone, and for tabs to come", async () => {
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

  test("stays when another tab signs somebody in, and after a new start", async () => {
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

  test("is whoever signs in elsewhere when there is nobody", async () => {
    const my = world();
    const [a, b] = [await started(my), await started(my)];
    my.navigate = async () => RESPONSE;
    await a.login();
    await settle();
    expect(b.state).toMatchObject({ status: "authenticated", user: { sub: ADA } });
  });

  test("that has no session cannot be switched to", async () => {
    const my = await two();
    const auth = await started(my);
    await expect(auth.switchUser("linus")).rejects.toMatchObject({ code: "no_token" });
    expect(auth.state).toMatchObject({ user: { sub: ADA } });
  });

  test("is not changed by the token of a call that began before the switch", async () => {
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
  test("lists who is remembered, the last used first, without a token", async () => {
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

  test("says who needs a login", async () => {
    const my = await two();
    await my.store.update(GRACE, (row) => ({
      ...row!,
      end: { reason: "invalid_grant", sequence: 1 },
      tokens: null,
    }));
    const auth = await started(my);
    expect(await auth.users()).toMatchObject([
      { sub: ADA, needsLogin: false },
      { sub: "grace", needsLogin: true },
    ]);
  });

  test("works beside a session of a newer Latchkey, and so do the others", async () => {
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
  test("that is asked for somebody else's token adds to their session, and changes nobody's tab", async () => {
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

describe("signOut({ user })", () => {
  test("signs out that person in every tab, and nobody else", async () => {
    const my = await two();
    const [a, b] = [await started(my), await started(my)];
    await b.switchUser("grace");
    my.server.revoke = vi.fn(async () => {});
    my.server.endSession = vi.fn(async () => "https://id.example/end");
    await a.logout({ user: "grace" });
    await settle();
    expect(a.state).toMatchObject({ user: { sub: ADA } });
    expect(await a.getToken()).toBe("at-ada");
    expect(b.state).toEqual({ status: "anonymous" });
    await expect(b.getToken({ prompt: "none" })).rejects.toMatchObject({ code: "no_token" });
    expect(JSON.stringify(await my.store.get(GRACE))).not.toMatch(/at-|rt-/);
    expect(my.server.revoke).toHaveBeenCalledExactlyOnceWith("rt-grace", expect.anything());
    expect(my.page.navigations).toEqual([]);
    expect(await a.users()).toMatchObject([
      { sub: "grace", needsLogin: true },
      { sub: ADA, needsLogin: false },
    ]);
    await expect(a.switchUser("grace")).rejects.toMatchObject({ code: "no_token" });
  });

  test("of this tab's person ends the session at the server, too", async () => {
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

  test("is not sent when the person has signed in again", async () => {
    const { my, revoke } = await signedOutOffline();
    await my.store.update(GRACE, () => rowOf("grace"));
    my.page.isOnline = true;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(revoke).not.toHaveBeenCalled();
  });

  test("is sent when the person was forgotten, and tried again when the network fails, and then only", async () => {
    const { my, auth, revoke } = await signedOutOffline();
    await auth.forget("grace");
    revoke.mockRejectedValueOnce(new NetworkError("cut"));
    my.page.isOnline = true;
    await vi.advanceTimersByTimeAsync(120_000);
    expect(revoke).toHaveBeenCalledTimes(2);
  });

  test("that was not answered keeps the next login waiting until it cannot meet it", async () => {
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
  test("leaves nothing of the person, in any tab", async () => {
    const my = await two();
    const [a, b] = [await started(my), await started(my)];
    await b.switchUser("grace");
    my.server.revoke = vi.fn(async () => {});
    await a.forget("grace");
    await settle();
    expect(await my.store.get(GRACE)).toBeUndefined();
    expect(await a.users()).toMatchObject([{ sub: ADA }]);
    expect(b.state).toEqual({ status: "anonymous" });
    await expect(b.getToken({ prompt: "none" })).rejects.toMatchObject({ code: "no_token" });
    expect(my.server.revoke).toHaveBeenCalledExactlyOnceWith("rt-grace", expect.anything());
    expect(a.state).toMatchObject({ user: { sub: ADA } });
    // A tab that was theirs is nobody's, also when it begins anew.
    b.dispose();
    b.start();
    await settle();
    expect(b.state).toEqual({ status: "anonymous" });
  });

  test("of this tab's person leaves the page at nobody, and new tabs too", async () => {
    const my = await two();
    const auth = await started(my);
    await auth.forget(ADA);
    expect(auth.state).toEqual({ status: "anonymous" });
    expect((await started(my)).state).toEqual({ status: "anonymous" });
    expect(await my.store.get(KEY)).toBeUndefined();
    expect(await auth.getToken({ user: "grace" })).toBe("at-grace");
  });

  test("deletes what a newer Latchkey wrote", async () => {
    const my = await two();
    await my.store.update(GRACE, (row) => ({ ...row!, version: 3 }) as never);
    const auth = await started(my);
    await auth.forget("grace");
    expect(await my.store.get(GRACE)).toBeUndefined();
  });
});

describe("signOutEverywhere()", () => {
  test("signs everybody out in every tab, and tells the server of each", async () => {
    const my = await two();
    const [a, b] = [await started(my), await started(my)];
    await b.switchUser("grace");
    const revoked: string[] = [];
    my.server.revoke = async (token) => void revoked.push(token);
    my.server.endSession = vi.fn(async () => "https://id.example/end");
    await a.logoutAll();
    await settle();
    expect([a.state, b.state]).toEqual([{ status: "anonymous" }, { status: "anonymous" }]);
    expect(revoked.sort()).toEqual(["rt-ada", "rt-grace"]);
    expect(my.server.endSession).toHaveBeenCalledTimes(1);
    expect(my.page.navigations).toEqual(["https://id.example/end"]);
    for (const key of [KEY, GRACE]) {
      expect(JSON.stringify(await my.store.get(key))).not.toMatch(/at-|rt-/);
    }
    expect(await a.users()).toMatchObject([{ needsLogin: true }, { needsLogin: true }]);
  });

  test("signs out everybody else when a newer Latchkey has one of them, and says so", async () => {
    const my = await two();
    await my.store.update(GRACE, (row) => ({ ...row!, version: 3 as 2 }));
    const revoked: string[] = [];
    my.server.revoke = async (token) => void revoked.push(token);
    const auth = await started(my);
    await expect(auth.logoutAll()).rejects.toMatchObject({ code: "configuration" });
    expect(auth.state).toEqual({ status: "anonymous" });
    expect(revoked).toEqual(["rt-ada"]);
  });

  test("tells a slow server of each, however long the others take", async () => {
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

test("a request that meets a 401 is sent again as the person it was sent as, or not at all", async () => {
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

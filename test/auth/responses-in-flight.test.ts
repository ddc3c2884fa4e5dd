import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { TokenSet } from "../../src/core/token-set.ts";
import { CustomGrant } from "../../src/grants/custom-grant.ts";
import { ADA, KEY, settle } from "../refresh/tabs.ts";
import { loginResponse, REDIRECT_URI, world, type World, STATE } from "./fixture.ts";
import { GRACE, two } from "./two-users.ts";

/** A late response does not undo a logout, a `forget()` or a `switchUser()` that came before it. */

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const RESPONSE = `${REDIRECT_URI}?code=c&state=${STATE}`;
const tokensOf = (sub: string): TokenSet =>
  loginResponse({ accessToken: `new-${sub}`, user: { sub, claims: { sub } } });

/** Starts a silent login that waits for its response. */
async function silentLogin(my: World, response = tokensOf(ADA)) {
  let arrive = () => {};
  my.navigate = () => new Promise((resolve) => (arrive = () => resolve(RESPONSE)));
  my.server.exchange = async () => response;
  const auth = my.tab();
  auth.start();
  const login = auth.login({ prompt: "none" });
  login.catch(() => {});
  await vi.waitFor(() => expect(my.roundTrips).toHaveLength(1));
  await vi.dynamicImportSettled();
  await settle();
  return { auth, login, arrive: () => arrive() };
}

describe("a silent login", () => {
  test("does not bring back a user who was forgotten meanwhile", async () => {
    const my = await two();
    const { auth, login, arrive } = await silentLogin(my);
    await auth.forget(ADA);
    arrive();
    await expect(login).rejects.toMatchObject({ code: "cancelled" });
    expect(await my.store.get(KEY)).toBeUndefined();
    expect(auth.state).toMatchObject({ status: "anonymous" });
    expect((await auth.users()).map(({ sub }) => sub)).toEqual(["grace"]);
    expect(await my.users.getActive()).toEqual({});
  });

  test("does not bring back a user who logged out meanwhile, after the tab switched to another user", async () => {
    const my = await two();
    const { auth, login, arrive } = await silentLogin(my);
    await auth.switchUser("grace");
    await auth.logout({ user: ADA });
    arrive();
    await expect(login).rejects.toMatchObject({ code: "cancelled" });
    expect((await my.store.get(KEY))!.end).toMatchObject({ reason: "logged_out" });
    expect(auth.state).toMatchObject({ user: { sub: "grace" } });
  });

  test("does not bring back a forgotten user who is not the user of the tab", async () => {
    const my = await two();
    const { auth, login, arrive } = await silentLogin(my, tokensOf("grace"));
    await auth.forget("grace");
    arrive();
    await expect(login).rejects.toMatchObject({ code: "cancelled" });
    expect(await my.store.get(GRACE)).toBeUndefined();
    expect(auth.state).toMatchObject({ user: { sub: ADA } });
  });

  test("leaves the tab to the user that it was switched to meanwhile", async () => {
    const my = await two();
    const { auth, login, arrive } = await silentLogin(my);
    await auth.switchUser("grace");
    arrive();
    expect(await login).toMatchObject({ sub: ADA });
    expect(auth.state).toMatchObject({ user: { sub: "grace" } });
    expect(await auth.getToken()).toBe("at-grace");
    expect(await auth.getToken({ user: ADA })).toBe("new-ada");
    expect((await my.users.getActive()).sub).toBe("grace");
  });

  test("logs in a user who had logged out before it started", async () => {
    const my = await two();
    const out = my.tab();
    await out.logout({ user: ADA });
    const { auth, login, arrive } = await silentLogin(my);
    arrive();
    expect(await login).toMatchObject({ sub: ADA });
    expect(auth.state).toMatchObject({ user: { sub: ADA } });
  });

  test("logs in a new user after the tab's user was forgotten meanwhile", async () => {
    const my = await two();
    const { auth, login, arrive } = await silentLogin(my, tokensOf("linus"));
    await auth.forget(ADA);
    arrive();
    expect(await login).toMatchObject({ sub: "linus" });
    expect(auth.state).toMatchObject({ user: { sub: "linus" } });
  });
});

describe("a response of the app's own grant", () => {
  async function asking(my: World, response: TokenSet) {
    await my.store.update(KEY, (row) => ({ ...row!, renewable: false }));
    let give = () => {};
    const inner = new CustomGrant(() => new Promise((resolve) => (give = () => resolve(response))));
    const auth = my.tab(inner);
    auth.start();
    await settle();
    const token = auth.getToken({ cache: "reload", prompt: "none" });
    token.catch(() => {});
    await settle();
    return { auth, token, give: () => give() };
  }

  test.for(["with a refresh token", "without one"])(
    "does not bring back a user who was forgotten meanwhile: %s",
    async (kind) => {
      const my = await two();
      const { refreshToken, ...response } = loginResponse({ accessToken: "back" });
      const { auth, token, give } = await asking(
        my,
        kind.startsWith("with ") && refreshToken ? { ...response, refreshToken } : response,
      );
      await auth.forget(ADA);
      give();
      await expect(token).rejects.toMatchObject({ code: "no_token" });
      expect(await my.store.get(KEY)).toBeUndefined();
      expect((await auth.users()).map(({ sub }) => sub)).toEqual(["grace"]);
      expect(auth.state).toMatchObject({ status: "anonymous" });
    },
  );

  test("does not bring back a forgotten user who is not the user of the tab and had no token", async () => {
    const my = await two();
    await my.store.update(GRACE, (row) => ({ ...row!, renewable: false, access: {} }));
    let give = () => {};
    const response = loginResponse({ user: { sub: "grace", claims: {} } });
    const inner = new CustomGrant(() => new Promise((resolve) => (give = () => resolve(response))));
    const auth = my.tab(inner);
    const token = auth.getToken({ user: "grace", prompt: "none" });
    token.catch(() => {});
    await settle();
    await auth.forget("grace");
    give();
    await expect(token).rejects.toMatchObject({ code: "no_token" });
    expect(await my.store.get(GRACE)).toBeUndefined();
  });

  test("does not bring back a user who logs out while the response is being stored", async () => {
    const my = await two();
    const { auth, token, give } = await asking(my, loginResponse({ accessToken: "back" }));
    const seal = my.store.seal.bind(my.store);
    vi.spyOn(my.store, "seal").mockImplementationOnce(async (record) => {
      await auth.logout({ user: ADA });
      return seal(record);
    });
    give();
    await expect(token).rejects.toMatchObject({ code: "no_token" });
    expect((await my.store.get(KEY))!.end).toMatchObject({ reason: "logged_out" });
  });

  test("B7: does not bring back a user who was forgotten before the call", async () => {
    const my = await two();
    const { refreshToken: _, ...response } = loginResponse({ accessToken: "own" });
    const auth = my.tab(new CustomGrant(async () => response));
    auth.start();
    await settle();
    await auth.forget(ADA);
    await expect(auth.getToken({ prompt: "none" })).rejects.toMatchObject({ code: "no_token" });
    await expect(auth.getToken({ user: ADA })).rejects.toMatchObject({ code: "no_token" });
    expect(auth.state).toMatchObject({ status: "anonymous" });
    expect(await auth.login()).toMatchObject({ sub: ADA });
    expect(await auth.getToken({ prompt: "none" })).toBe("own");
  });
});

test("a silent login works in a browser that knows no user", async () => {
  const my = world();
  const { auth, login, arrive } = await silentLogin(my);
  arrive();
  expect(await login).toMatchObject({ sub: ADA });
  expect(auth.state).toMatchObject({ user: { sub: ADA } });
});

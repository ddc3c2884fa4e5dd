import { afterEach, beforeEach, describe, expect, test, vi, type Mock } from "vitest";
import { NetworkError } from "../../../src/core/errors.ts";
import { hasPromisedClaims } from "../../../src/core/user-claims.ts";
import { UserFetchError } from "../../../src/core/user-fetch-error.ts";
import type { User } from "../../../src/core/user.ts";
import { ADA, DEFAULT_KEY, KEY, expiredRow, responseOf } from "../../refresh/tabs.ts";
import { MemoryLoginMarks } from "../../support/memory-login-marks.ts";
import { goodRow, loginResponse, remember, world, type World } from "../fixture.ts";

const HOUR = 3_600_000;
const ADA_BARE: User = { sub: ADA, claims: { sub: ADA } };
const ADA_NAMED: User = {
  sub: ADA,
  name: "Ada Lovelace",
  email: "ada@example.com",
  claims: { sub: ADA, name: "Ada Lovelace", email: "ada@example.com" },
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

async function settle(): Promise<void> {
  await vi.dynamicImportSettled();
  await vi.advanceTimersByTimeAsync(200);
}

/** A world whose userinfo endpoint responds with `ADA_NAMED`, and counts the requests. */
function served(): World & { readonly asked: Mock<() => Promise<User>> } {
  const my = world();
  my.navigate = async () => "https://app.example/callback?code=c";
  const scope = ["openid", "profile", "email"];
  my.server.exchange = async () => loginResponse({ user: ADA_BARE, scope });
  const asked = vi.fn(async () => ADA_NAMED);
  my.userinfo = { fetchUser: asked };
  return Object.assign(my, { asked });
}

async function opened(my: World) {
  const auth = my.tab();
  auth.start();
  await settle();
  return auth;
}

describe("after a login whose ID token lacks the claims of the granted scopes", () => {
  test("the claims are fetched once, and the token does not wait for them", async () => {
    const my = served();
    let respond: (user: User) => void = () => {};
    my.asked.mockImplementation(() => new Promise<User>((resolve) => (respond = resolve)));
    const [auth, other] = [await opened(my), await opened(my)];
    await auth.login();
    expect(await auth.getToken()).toBe("at1");
    await settle();
    expect(auth.state).toMatchObject({ user: ADA_BARE });
    respond(ADA_NAMED);
    await settle();
    for (const { state } of [auth, other]) expect(state).toMatchObject({ user: ADA_NAMED });
    expect(await auth.users()).toMatchObject([{ name: "Ada Lovelace", email: "ada@example.com" }]);
    expect((await opened(my)).state).toMatchObject({ user: ADA_NAMED });
    expect(my.asked).toHaveBeenCalledTimes(1);
  });

  test("the claims of the ID token stay unless the server has newer ones", async () => {
    const my = served();
    const user = { sub: ADA, claims: { sub: ADA, acr: "high", locale: "en" } };
    my.server.exchange = async () => loginResponse({ user, scope: ["openid", "email"] });
    my.asked.mockResolvedValue({ sub: ADA, claims: { sub: ADA, locale: "de" } });
    const auth = await opened(my);
    await auth.login();
    await settle();
    expect((await auth.getUser())?.claims).toEqual({ sub: ADA, acr: "high", locale: "de" });
  });

  test.each<[string, () => Promise<User>]>([
    ["there is no network", () => Promise.reject(new NetworkError("offline"))],
    ["they are about another user", async () => ({ sub: "grace", claims: { sub: "grace" } })],
    [
      "the endpoint fails",
      () => Promise.reject(new UserFetchError("500", { hint: "x", status: 500 })),
    ],
  ])(
    "the session is kept when %s, and the server is asked again an hour later",
    async (_, respond) => {
      const my = served();
      my.asked.mockImplementation(respond);
      const auth = await opened(my);
      my.server.exchange = async () =>
        loginResponse({
          user: ADA_BARE,
          scope: ["openid", "profile"],
          expiresAt: Date.now() + 9 * HOUR,
        });
      await auth.login();
      await settle();
      expect(auth.state).toMatchObject({ status: "authenticated", user: ADA_BARE });
      await opened(my);
      expect(my.asked).toHaveBeenCalledTimes(1);
      await vi.advanceTimersByTimeAsync(HOUR);
      my.asked.mockResolvedValue(ADA_NAMED);
      expect((await opened(my)).state).toMatchObject({ user: ADA_NAMED });
      expect(my.sends).toBe(0);
    },
  );
});

test("no claims are fetched when the ID token has them", async () => {
  const my = served();
  my.server.exchange = async () => loginResponse({ user: ADA_NAMED, scope: ["openid", "email"] });
  const auth = await opened(my);
  await auth.login();
  await settle();
  await opened(my);
  expect(my.asked).not.toHaveBeenCalled();
});

test("a userFetcher of the app is asked although the ID token has the claims", async () => {
  const my = served();
  my.isOwnFetcher = true;
  my.server.exchange = async () => loginResponse({ user: ADA_NAMED, scope: ["openid", "email"] });
  const auth = await opened(my);
  await auth.login();
  await settle();
  expect(my.asked).toHaveBeenCalledTimes(1);
});

test.each([
  [{ name: "Ada" }, ["openid", "profile"], true],
  [{ email: "ada@example.com" }, ["openid", "profile"], false],
  [{ name: "Ada" }, ["openid", "profile", "email"], false],
  [{ sub: "ada" }, ["openid", "api.read", "toString"], true],
])("claims %o for the scopes %o: %s", (claims, scope, isComplete) => {
  expect(hasPromisedClaims(claims, scope)).toBe(isComplete);
});

describe("a remembered user", () => {
  const stored = (my: World, checkedAgo: number) =>
    remember(my, { ...goodRow(expiredRow()), userCheckedAt: Date.now() - checkedAgo });

  test("is checked when a tab opens an hour after the last check, and not before", async () => {
    const my = served();
    await stored(my, HOUR - 10_000);
    await opened(my);
    expect(my.asked).not.toHaveBeenCalled();
    await stored(my, HOUR);
    const auth = await opened(my);
    expect(my.asked).toHaveBeenCalledTimes(1);
    expect((await my.store.get(KEY))?.userCheckedAt).toBeGreaterThan(Date.now() - 10_000);
    // The stored token stays, and the newer profile is stored with it.
    expect(await auth.getToken()).toBe("at1");
    expect((await my.store.get(KEY))?.tokens).toMatchObject({ user: ADA_NAMED });
    expect((await opened(my)).state).toMatchObject({ user: ADA_NAMED });
  });

  test("is checked by one of five tabs that open at once", async () => {
    const my = served();
    await stored(my, HOUR);
    const tabs = Array.from({ length: 5 }, () => my.tab());
    for (const tab of tabs) tab.start();
    await settle();
    expect(my.asked).toHaveBeenCalledTimes(1);
  });

  test.each([401, 403])(
    "whose token is refused with %i is refreshed, and the end of the session is found",
    async (status) => {
      const my = served();
      await stored(my, HOUR);
      my.asked.mockRejectedValue(new UserFetchError("refused", { hint: "x", status }));
      my.refreshes.push({ type: "invalid_grant" });
      const auth = my.tab();
      auth.start();
      expect(await auth.getToken()).toBe("at1");
      await settle();
      await settle();
      expect(auth.state).toMatchObject({ status: "expired", reason: "session_ended" });
    },
  );

  test("whose token is refused, but whose session goes on, stays signed in", async () => {
    const my = served();
    await stored(my, HOUR);
    my.asked.mockRejectedValue(new UserFetchError("refused", { hint: "x", status: 401 }));
    my.refreshes.push(responseOf(2));
    const auth = await opened(my);
    await settle();
    expect(auth.state).toMatchObject({ status: "authenticated" });
    expect(await auth.getToken()).toBe("at2");
    expect(my.asked).toHaveBeenCalledTimes(1);
  });
});

test("after refreshes, the claims are fetched at most once a day", async () => {
  const my = served();
  await remember(my, { ...expiredRow(), userCheckedAt: Date.now() });
  const auth = await opened(my);
  for (let hour = 1; hour <= 30; hour++) {
    my.refreshes.push(responseOf(hour + 1));
    await auth.getToken({ cache: "reload" });
    await settle();
    await vi.advanceTimersByTimeAsync(HOUR);
  }
  expect(my.asked).toHaveBeenCalledTimes(1);
});

test("another tab of the user shows the claims, and the logins of that tab stay as they are", async () => {
  const my = served();
  await remember(my, { ...goodRow(expiredRow()), userCheckedAt: Date.now() });
  const auth = await opened(my);
  const marks = new MemoryLoginMarks();
  marks.write([{ user: ADA, target: DEFAULT_KEY, at: Date.now(), outcome: "logged_out" }]);
  const other = my.tab(undefined, undefined, marks);
  other.start();
  await settle();
  await auth.getUser({ cache: "reload" });
  await settle();
  expect(other.state).toMatchObject({ user: { name: "Ada Lovelace" } });
  // A login in another tab would delete this mark.
  expect(marks.read()).toHaveLength(1);
});

test("userinfo does not replace the claims with which the next ID token is compared", async () => {
  const my = served();
  const claims = { sub: ADA, aud: "web", nonce: "n", auth_time: 5 };
  my.server.exchange = async () =>
    loginResponse({ user: { sub: ADA, claims }, scope: ["openid", "email"] });
  const fetched = { sub: ADA, aud: ["web", "api"], nonce: "x", auth_time: 9, email: "a@b.c" };
  my.asked.mockResolvedValue({ sub: ADA, claims: fetched });
  const auth = await opened(my);
  await auth.login();
  await settle();
  expect((await auth.getUser())?.claims).toEqual({ ...claims, email: "a@b.c" });
});

describe('getUser({ cache: "reload" })', () => {
  test("returns the user with the claims of the server", async () => {
    const my = served();
    await remember(my, { ...goodRow(expiredRow()), userCheckedAt: Date.now() });
    const auth = await opened(my);
    expect(await auth.getUser()).not.toMatchObject(ADA_NAMED);
    expect(await auth.getUser({ cache: "reload" })).toMatchObject(ADA_NAMED);
    expect(my.asked).toHaveBeenCalledTimes(1);
  });

  test("rejects with the error of the server, and the session is kept", async () => {
    const my = served();
    await remember(my, { ...goodRow(expiredRow()), userCheckedAt: Date.now() });
    const error = new UserFetchError("500", { hint: "x", status: 500 });
    my.asked.mockRejectedValue(error);
    const auth = await opened(my);
    await expect(auth.getUser({ cache: "reload" })).rejects.toBe(error);
    my.asked.mockResolvedValue({ sub: "grace", claims: { sub: "grace" } });
    await expect(auth.getUser({ cache: "reload" })).rejects.toMatchObject({ code: "user_fetch" });
    expect(await auth.getToken()).toBe("at1");
    expect(auth.state).toMatchObject({ status: "authenticated", user: { sub: ADA } });
  });

  test("returns undefined when no user is signed in", async () => {
    const my = served();
    const auth = await opened(my);
    expect(await auth.getUser({ cache: "reload" })).toBeUndefined();
    expect(my.asked).not.toHaveBeenCalled();
  });
});

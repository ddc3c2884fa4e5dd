import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { NetworkError } from "../../../src/core/errors.ts";
import { AuthorizationError } from "../../../src/core/protocol-errors.ts";
import type { LoginMarks } from "../../../src/core/login-marks.ts";
import type { TokenSet } from "../../../src/core/token-set.ts";
import { MemoryLoginMarks } from "../../support/memory-login-marks.ts";
import { KEY, settle } from "../../refresh/tabs.ts";
import { loginResponse, REDIRECT_URI, type World, STATE, stateOf } from "../fixture.ts";
import { two } from "../two-users.ts";
// These modules are loaded before the fake clock starts.
import "../../../src/auth/login/logins.ts";
import "../../../src/auth/login/token-after-login.ts";
import "../../../src/auth/users/users.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const DENIED = new AuthorizationError({ error: "unauthorized_client" }, "x");

/** A page that loads with a response of the login page. */
async function landed(
  my: World,
  response: string,
  exchange: () => Promise<TokenSet>,
  marks?: LoginMarks,
) {
  my.page.url = `${REDIRECT_URI}?${response}`;
  my.page.mayNavigate = true;
  my.server.exchange = exchange;
  const auth = my.tab(undefined, undefined, marks);
  auth.start();
  await settle();
  return auth;
}

/** Navigates a page to the login page for a token of `user`, and returns the login marks of the page. */
async function navigated(my: World, user: string): Promise<LoginMarks> {
  const marks = new MemoryLoginMarks();
  my.page.mayNavigate = true;
  const auth = my.tab(undefined, undefined, marks);
  auth.start();
  auth.getToken({ user }).catch(() => {});
  await settle();
  await settle();
  auth.dispose();
  expect(my.roundTrips).toHaveLength(1);
  my.roundTrips.length = 0;
  return marks;
}

const ended = async (my: World) => {
  await my.store.update(KEY, (row) => ({
    ...row!,
    end: { reason: "session_ended", sequence: 1 },
    access: {},
    tokens: null,
  }));
  return my;
};

const lostHere = (my: World, marks?: LoginMarks) =>
  landed(my, `error=unauthorized_client&state=${STATE}`, () => Promise.reject(DENIED), marks);

describe("a requested user, when the login signed in another user,", () => {
  test("gets no further automatic login, but a login by login()", async () => {
    const my = await two();
    const marks = await navigated(my, "linus");
    const auth = await landed(my, `code=c&state=${STATE}`, async () => loginResponse(), marks);
    const refused = { code: "no_token", message: expect.stringContaining("another user") };
    await expect(auth.getToken({ user: "linus" })).rejects.toMatchObject(refused);
    await expect(auth.getToken({ user: "linus" })).rejects.toMatchObject(refused);
    expect(my.roundTrips).toHaveLength(0);
    expect(await auth.getToken()).toBe("at1");
    expect(await auth.getToken({ user: "grace" })).toBe("at-grace");
    void auth.login({ loginHint: "linus" });
    expect(my.roundTrips).toHaveLength(1);
  });

  test("gets no automatic login from another instance that finds the response used", async () => {
    const my = await two();
    const marks = await navigated(my, "linus");
    await landed(my, `code=c&state=${STATE}`, async () => loginResponse(), marks);
    const auth = await landed(my, `code=c&state=${STATE}`, async () => loginResponse(), marks);
    await expect(auth.getToken({ user: "linus" })).rejects.toMatchObject({ code: "no_token" });
    expect(my.roundTrips).toHaveLength(0);
  });

  test("gets an automatic login when the first login was for no particular user", async () => {
    const my = await two();
    const asked = { resource: undefined, audience: undefined };
    const auth = await landed(my, `code=c&state=${STATE}`, async () => loginResponse({ asked }));
    auth.getToken({ user: "linus" }).catch(() => {});
    await settle();
    expect(my.roundTrips).toHaveLength(1);
  });

  test("is passed to authorize(), so that the user is known when the page is back", async () => {
    const my = await two();
    my.page.mayNavigate = true;
    const authorize = vi.fn(async () => "https://id.example/auth");
    my.server.authorize = authorize;
    const auth = my.tab();
    auth.start();
    auth.getToken({ user: "linus" }).catch(() => {});
    await settle();
    await settle();
    expect(authorize).toHaveBeenCalledWith(expect.objectContaining({ user: "linus" }), undefined);
  });
});

describe("a failed response, when the session has ended,", () => {
  test("allows no further login except by login()", async () => {
    const my = await ended(await two());
    const auth = await lostHere(my);
    expect(auth.state.status).toBe("expired");
    for (let again = 0; again < 3; again++) {
      await expect(auth.getToken()).rejects.toMatchObject({ code: "no_token", cause: DENIED });
    }
    expect(my.roundTrips).toHaveLength(0);
    void auth.login();
    expect(my.roundTrips).toHaveLength(1);
  });

  test("is handled again after a network failure", async () => {
    const my = await ended(await two());
    const auth = await landed(
      my,
      `code=c&state=${STATE}`,
      vi.fn(async () => loginResponse()).mockRejectedValueOnce(new NetworkError("offline")),
    );
    expect(auth.state.status).toBe("expired");
    expect(await auth.getToken()).toBe("at1");
    expect(my.roundTrips).toHaveLength(0);
  });

  test("no longer blocks automatic logins once a user has logged in in another tab", async () => {
    const my = await ended(await two());
    const auth = await lostHere(my);
    my.navigate = async () => `${REDIRECT_URI}?code=c&state=${stateOf("s2")}`;
    my.server.exchange = async () => loginResponse();
    await my.tab().login();
    await settle();
    expect(auth.state.status).toBe("authenticated");
    await ended(my);
    expect(await auth.getToken({ cache: "reload" })).toBe("at1");
    expect(my.roundTrips).toHaveLength(2);
  });
});

test("a failed response, when the session is valid, allows no automatic login for another user", async () => {
  const my = await two();
  const auth = await lostHere(my, await navigated(my, "linus"));
  await expect(auth.getToken({ user: "linus" })).rejects.toMatchObject({
    code: "no_token",
    cause: DENIED,
  });
  expect(my.roundTrips).toHaveLength(0);
  expect(await auth.getToken()).toBe("at-ada");
});

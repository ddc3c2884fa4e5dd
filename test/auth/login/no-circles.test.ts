import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AuthorizationError, NetworkError } from "../../../src/core/errors.ts";
import type { LoginMarks } from "../../../src/core/login-marks.ts";
import type { TokenSet } from "../../../src/core/token-set.ts";
import { MemoryLoginMarks } from "../../support/memory-login-marks.ts";
import { KEY, settle } from "../../refresh/tabs.ts";
import { loginResponse, REDIRECT_URI, type World, STATE, stateOf } from "../fixture.ts";
import { two } from "../two-users.ts";
// Loaded before the clock is a fake one.
import "../../../src/auth/login/logins.ts";
import "../../../src/auth/users/users.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const DENIED = new AuthorizationError({ error: "unauthorized_client" }, "x");

/** A page that comes back from the login page, and asks on its own. */
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

/** A page that left for the login page, because it wanted the token of `user`. */
async function left(my: World, user: string): Promise<LoginMarks> {
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
    end: { reason: "invalid_grant", sequence: 1 },
    access: {},
    tokens: null,
  }));
  return my;
};

const lostHere = (my: World, marks?: LoginMarks) =>
  landed(my, `error=unauthorized_client&state=${STATE}`, () => Promise.reject(DENIED), marks);

describe("who is asked for, when the login signed in somebody else", () => {
  test("is not asked for again by the page, but by login()", async () => {
    const my = await two();
    const marks = await left(my, "linus");
    const auth = await landed(my, `code=c&state=${STATE}`, async () => loginResponse(), marks);
    const refused = { code: "no_token", message: expect.stringContaining("somebody else") };
    await expect(auth.getToken({ user: "linus" })).rejects.toMatchObject(refused);
    await expect(auth.getToken({ user: "linus" })).rejects.toMatchObject(refused);
    expect(my.roundTrips).toHaveLength(0);
    expect(await auth.getToken()).toBe("at1");
    expect(await auth.getToken({ user: "grace" })).toBe("at-grace");
    void auth.login({ loginHint: "linus" });
    expect(my.roundTrips).toHaveLength(1);
  });

  test("is not asked for again either by another instance that finds the response used", async () => {
    const my = await two();
    const marks = await left(my, "linus");
    await landed(my, `code=c&state=${STATE}`, async () => loginResponse(), marks);
    const auth = await landed(my, `code=c&state=${STATE}`, async () => loginResponse(), marks);
    await expect(auth.getToken({ user: "linus" })).rejects.toMatchObject({ code: "no_token" });
    expect(my.roundTrips).toHaveLength(0);
  });

  test("is asked for when that login was for nobody in particular", async () => {
    const my = await two();
    const asked = { resource: undefined, audience: undefined };
    const auth = await landed(my, `code=c&state=${STATE}`, async () => loginResponse({ asked }));
    auth.getToken({ user: "linus" }).catch(() => {});
    await settle();
    expect(my.roundTrips).toHaveLength(1);
  });

  test("is told to the server with the login, and so known when the page is back", async () => {
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

describe("a response that failed, beside a session that ended,", () => {
  test("sends nobody on another trip but by login()", async () => {
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

  test("is taken again when only the network was missing", async () => {
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

  test("is over once somebody was signed in here, in this tab or another one", async () => {
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

test("a response that failed, beside a session that stands, sends nobody on a trip for another person", async () => {
  const my = await two();
  const auth = await lostHere(my, await left(my, "linus"));
  await expect(auth.getToken({ user: "linus" })).rejects.toMatchObject({
    code: "no_token",
    cause: DENIED,
  });
  expect(my.roundTrips).toHaveLength(0);
  expect(await auth.getToken()).toBe("at-ada");
});

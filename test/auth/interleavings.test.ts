import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CancelledError } from "../../src/core/errors.ts";
import { AuthorizationError } from "../../src/core/protocol-errors.ts";
import { expiredRow, settle } from "../refresh/tabs.ts";
import { goodRow, REDIRECT_URI, remember, world, STATE } from "./fixture.ts";

/** Logins, logouts, router navigations and aborts overlap. */

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const RESPONSE = `${REDIRECT_URI}?code=c&state=${STATE}`;
const silentRefusal = () => new AuthorizationError({ error: "login_required" }, "x");

/** A user agent whose round trip returns a response, or fails, when the test says so. */
function agent(prompt?: "none") {
  let tokens: (response: string) => void = () => {};
  let fail: (error: unknown) => void = () => {};
  const response = new Promise<string>((resolve, reject) => {
    tokens = resolve;
    fail = reject;
  });
  response.catch(() => {});
  const navigate = vi.fn(() => response);
  const close = vi.fn();
  const roundTrip = { redirectUri: REDIRECT_URI, navigate, close, ...(prompt && { prompt }) };
  return { userAgent: { open: () => roundTrip }, navigate, close, response: tokens, fail };
}

const loaded = async () => {
  await vi.dynamicImportSettled();
  await settle();
  await settle();
};

describe("a router that changes the URL in the same task as start()", () => {
  test("does not lose the response", async () => {
    const my = world();
    my.page.url = RESPONSE;
    const auth = my.tab();
    auth.start();
    my.page.url = "https://app.example/home";
    await loaded();
    expect(auth.state.status).toBe("authenticated");
    expect(my.page.url).toBe("https://app.example/home");
  });

  test("keeps the signed-in user when the response is an error", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    my.page.url = RESPONSE;
    my.server.exchange = () => Promise.reject(silentRefusal());
    const auth = my.tab();
    auth.start();
    my.page.url = "https://app.example/home";
    await loaded();
    expect(auth.state.status).toBe("authenticated");
  });
});

test.for([`${REDIRECT_URI}?state=signed-out`, `${REDIRECT_URI}?state=CA`])(
  "%s is no response: no login failed, and getToken() starts a login",
  async (url) => {
    const my = world();
    my.page.mayNavigate = true;
    await my.ledger.put("signed-out", { loggedOut: true });
    my.page.url = url;
    const auth = my.tab();
    auth.start();
    expect(await auth.handleCallback()).toBeUndefined();
    await loaded();
    expect(auth.state).toMatchObject({ status: "anonymous" });
    void auth.getToken().catch(() => {});
    await loaded();
    expect(my.roundTrips).toHaveLength(1);
  },
);

describe("an aborted login", () => {
  test("does not navigate when the abort comes while the request is built", async () => {
    const my = world();
    const leaving = new AbortController();
    my.server.authorize = async () => {
      leaving.abort(new Error("enough"));
      return "https://id.example/auth";
    };
    const { userAgent, navigate } = agent();
    const login = my.tab().login({ userAgent, signal: leaving.signal });
    await expect(login).rejects.toThrow("enough");
    expect(navigate).not.toHaveBeenCalled();
  });

  test("closes its user agent at once when the abort comes before the login chunk is loaded", async () => {
    const my = world();
    const auth = my.tab();
    auth.start();
    await auth.getUser();
    const { userAgent, close, navigate } = agent();
    const leaving = new AbortController();
    const login = auth.login({ userAgent, signal: leaving.signal });
    leaving.abort(new Error("enough"));
    await expect(login).rejects.toThrow("enough");
    expect(close).toHaveBeenCalledOnce();
    expect(navigate).not.toHaveBeenCalled();
  });
});

describe("two logins at once", () => {
  test("the state stays authenticating for the first when the second has failed", async () => {
    const my = world();
    my.page.mayNavigate = true;
    const auth = my.tab();
    auth.start();
    const [popup, silent] = [agent(), agent("none")];
    void auth.login({ userAgent: popup.userAgent });
    const second = auth.login({ userAgent: silent.userAgent });
    await loaded();
    silent.fail(silentRefusal());
    await expect(second).rejects.toMatchObject({ code: "authorization" });
    expect(auth.state.status).toBe("authenticating");
    const token = auth.getToken();
    await loaded();
    expect(my.roundTrips).toHaveLength(0);
    popup.response(RESPONSE);
    expect(await token).toBe("at1");
  });

  test("a silent login that finds no user keeps the error of an earlier login", async () => {
    const my = world();
    const auth = my.tab();
    auth.start();
    const [popup, silent] = [agent(), agent("none")];
    const first = auth.login({ userAgent: popup.userAgent });
    popup.fail(new CancelledError("x"));
    await expect(first).rejects.toMatchObject({ code: "cancelled" });
    const second = auth.login({ userAgent: silent.userAgent });
    silent.fail(silentRefusal());
    await expect(second).rejects.toMatchObject({ code: "authorization" });
    expect(auth.state).toMatchObject({ status: "anonymous", error: { code: "cancelled" } });
  });

  test("getToken() with a prompt starts a login after a silent login found no user", async () => {
    const my = world();
    my.page.mayNavigate = true;
    await remember(my, goodRow(expiredRow()));
    const auth = my.tab();
    auth.start();
    await settle();
    const silent = agent("none");
    const login = auth.login({ userAgent: silent.userAgent });
    void auth.getToken({ prompt: "login" });
    await loaded();
    silent.fail(silentRefusal());
    await expect(login).rejects.toMatchObject({ code: "authorization" });
    await loaded();
    expect(my.roundTrips).toHaveLength(1);
  });
});

describe("a logout", () => {
  test("is not undone by a silent login that was in progress", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    const auth = my.tab();
    auth.start();
    await settle();
    const silent = agent("none");
    const login = auth.login({ userAgent: silent.userAgent });
    await loaded();
    await auth.logout({ endSession: "none" });
    silent.response(RESPONSE);
    await expect(login).rejects.toMatchObject({ code: "cancelled" });
    expect(auth.state.status).toBe("anonymous");
  });

  test("does not end a login that the user sees", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    const auth = my.tab();
    auth.start();
    await settle();
    const popup = agent();
    const login = auth.login({ userAgent: popup.userAgent });
    await loaded();
    await auth.logout({ endSession: "none" });
    expect(auth.state.status).toBe("authenticating");
    popup.response(RESPONSE);
    await login;
    expect(auth.state.status).toBe("authenticated");
  });

  test("that is slow at the server does not navigate away from a new login", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    let revoked = () => {};
    my.server.revoke = () => new Promise<void>((resolve) => (revoked = resolve));
    my.server.endSession = async () => "https://id.example/end";
    const auth = my.tab();
    auth.start();
    await settle();
    const out = auth.logout();
    await loaded();
    const popup = agent();
    const login = auth.login({ userAgent: popup.userAgent });
    await loaded();
    // The aborted revocation could still revoke the grant of the new login.
    expect(popup.navigate).not.toHaveBeenCalled();
    revoked();
    expect(await out).toMatchObject({ server: "not_told", error: { code: "cancelled" } });
    await vi.waitFor(() => expect(popup.navigate).toHaveBeenCalledTimes(1), { timeout: 3_000 });
    popup.response(RESPONSE);
    await login;
    expect(auth.state.status).toBe("authenticated");
    expect(my.page.navigations).toEqual([]);
  });
});

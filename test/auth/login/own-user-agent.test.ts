import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { AuthManager } from "../../../src/auth/auth-manager.ts";
import { CancelledError } from "../../../src/core/errors.ts";
import { AuthorizationError, PopupBlockedError } from "../../../src/core/protocol-errors.ts";
import type { RoundTrip } from "../../../src/core/user-agent.ts";
import { AutoLoginGrant } from "../../../src/grants/auto-login-grant.ts";
import { expiredRow, settle } from "../../refresh/tabs.ts";
import { goodRow, loginResponse, remember, STATE, world, type World } from "../fixture.ts";
import { two } from "../two-users.ts";
// These modules are loaded before the fake clock starts.
import "../../../src/auth/login/logins.ts";
import "../../../src/auth/login/silent-sign-on.ts";
import "../../../src/auth/login/token-after-login.ts";
import "../../../src/auth/logout/server-logout.ts";

/** The app gives `createAuth()` a user agent of its own, such as the browser of the system. */

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const REDIRECT = "com.example.app:/cb";
const END = "https://id.example/end";

/** Makes `navigate` the user agent of the app. */
function shell(my: World, navigate: () => Promise<string>, more: Partial<RoundTrip> = {}) {
  const close = vi.fn();
  const visit = vi.fn(navigate);
  const open = vi.fn((): RoundTrip => ({
    redirectUri: REDIRECT,
    navigate: visit,
    close,
    ...more,
  }));
  my.redirectUri = REDIRECT;
  my.page.mayNavigate = true;
  my.userAgent = { open };
  return { open, close, visit };
}

const responds = async () => `${REDIRECT}?code=c&state=${STATE}`;

async function started(my: World): Promise<AuthManager> {
  const auth = my.tab();
  auth.start();
  await settle();
  return auth;
}

describe("the user agent of the app", () => {
  test("is the user agent of login() and of the login that getToken() starts", async () => {
    for (const call of ["login", "getToken"] as const) {
      const my = world();
      const authorize = vi.fn(my.server.authorize);
      my.server.authorize = authorize;
      const { open, close } = shell(my, responds);
      const auth = await started(my);
      await auth[call]();
      expect(await auth.getToken()).toBe("at1");
      expect(authorize.mock.calls[0]![0].redirectUri).toBe(REDIRECT);
      expect(open).toHaveBeenCalledTimes(1);
      expect(close).toHaveBeenCalled();
      expect(my.roundTrips).toEqual([]);
      expect(my.page.navigations).toEqual([]);
    }
  });

  test("is not opened by a hidden page, nor with prompt none", async () => {
    const my = world();
    const { open } = shell(my, responds);
    const auth = await started(my);
    await expect(auth.getToken({ prompt: "none" })).rejects.toMatchObject({ code: "no_token" });
    my.page.mayNavigate = false;
    await expect(auth.getToken()).rejects.toMatchObject({ code: "no_token" });
    expect(open).not.toHaveBeenCalled();
  });

  test("A1: a cancelled login is not repeated by getToken() until the user acts", async () => {
    const my = world();
    const { visit } = shell(my, () => Promise.reject(new CancelledError("closed")));
    const auth = await started(my);
    await expect(auth.getToken()).rejects.toMatchObject({ code: "cancelled" });
    for (let poll = 0; poll < 5; poll++) {
      await expect(auth.getToken()).rejects.toMatchObject({ code: "no_token" });
    }
    expect(visit).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(2_000);
    my.page.act();
    await expect(auth.getToken()).rejects.toMatchObject({ code: "cancelled" });
    expect(visit).toHaveBeenCalledTimes(2);
  });

  test("A1: an error of the app's own user agent ends the login until the user acts", async () => {
    const my = world();
    const broken = new Error("no browser");
    const { visit } = shell(my, () => Promise.reject(broken));
    const auth = await started(my);
    await expect(auth.getToken()).rejects.toBe(broken);
    for (let poll = 0; poll < 5; poll++) {
      await expect(auth.getToken()).rejects.toMatchObject({ code: "no_token", cause: broken });
    }
    expect(visit).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(2_000);
    my.page.act();
    visit.mockImplementation(responds);
    expect(await auth.getToken()).toBe("at1");
  });

  test("A1: logins whose token is of no use do not follow each other", async () => {
    const my = world();
    my.server.exchange = async () => {
      const { refreshToken: _, ...tokens } = loginResponse({ expiresAt: Date.now() - 1 });
      return tokens;
    };
    const { visit } = shell(my, responds);
    const auth = await started(my);
    expect(await auth.getToken()).toBe("at1");
    for (let poll = 0; poll < 5; poll++) {
      await expect(auth.getToken()).rejects.toMatchObject({ code: expect.any(String) });
    }
    expect(visit).toHaveBeenCalledTimes(1);
  });

  test("takes no page of the app for a response, and no visit of silentSignOn", async () => {
    const my = world();
    const { open } = shell(my, responds);
    my.silentSignOn = "page";
    my.page.url = "capacitor://localhost/?code=94103&state=CA";
    const exchange = vi.fn(my.server.exchange);
    my.server.exchange = exchange;
    const auth = await started(my);
    await vi.dynamicImportSettled();
    await settle();
    expect(exchange).not.toHaveBeenCalled();
    expect(my.page.url).toBe("capacitor://localhost/?code=94103&state=CA");
    expect(open).not.toHaveBeenCalled();
    expect(my.roundTrips).toHaveLength(1);
    auth.dispose();
  });
});

describe("a popup without a click", () => {
  const blocked = () => {
    throw new PopupBlockedError();
  };

  test("A1: the error is told once, the state has it, and no popup opens until the user acts", async () => {
    const my = world();
    const { open } = shell(my, responds);
    open.mockImplementation(blocked);
    const auth = await started(my);
    await expect(auth.getToken()).rejects.toMatchObject({ code: "popup_blocked" });
    expect(auth.state).toMatchObject({
      status: "anonymous",
      reason: "login_failed",
      error: { code: "popup_blocked" },
    });
    for (let poll = 0; poll < 5; poll++) {
      await expect(auth.getToken()).rejects.toMatchObject({
        code: "no_token",
        message: expect.stringContaining("the browser did not open a login window"),
      });
    }
    expect(open).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(2_000);
    my.page.act();
    open.mockRestore();
    open.mockImplementation(() => ({ redirectUri: REDIRECT, navigate: responds, close: () => {} }));
    expect(await auth.getToken()).toBe("at1");
  });

  test("is not needed when the user chooses a stored session in the picker", async () => {
    const my = await two();
    await my.users.putDefault(null);
    const { open } = shell(my, responds);
    open.mockImplementation(blocked);
    const chooseUser = vi.fn(() => ({ type: "continue", sub: "grace" }) as const);
    const prompt = { chooseUser, shouldRemember: () => new Promise<never>(() => {}) };
    const auth = my.tab(
      undefined,
      (chain, parts) => new AutoLoginGrant(chain, { ...parts, prompt }),
    );
    auth.start();
    await settle();
    expect(await auth.getToken()).toBe("at-grace");
    expect(chooseUser).toHaveBeenCalledTimes(1);
    expect(auth.state).toMatchObject({ status: "authenticated", user: { sub: "grace" } });
  });
});

test("A1: a hidden frame without a user at the server is asked once, and shows nothing", async () => {
  const my = world();
  const refused = new AuthorizationError({ error: "login_required" }, "Call login().");
  my.server.exchange = () => Promise.reject(refused);
  const { visit } = shell(my, responds, { prompt: "none" });
  const auth = await started(my);
  await expect(auth.getToken()).rejects.toBe(refused);
  expect(auth.state).toMatchObject({ status: "anonymous", reason: "none" });
  for (let poll = 0; poll < 5; poll++) {
    await expect(auth.getToken()).rejects.toMatchObject({ code: "no_token" });
  }
  expect(visit).toHaveBeenCalledTimes(1);
});

describe("a logout", () => {
  async function signedIn(my: World): Promise<AuthManager> {
    my.server.endSession = async () => END;
    await remember(my, goodRow(expiredRow()));
    return started(my);
  }

  test("leaves the page of a native shell where it is, and revokes the refresh token", async () => {
    const my = world();
    shell(my, responds);
    const revoke = vi.fn(my.server.revoke);
    my.server.revoke = revoke;
    const auth = await signedIn(my);
    expect(await auth.logout()).toEqual({ server: "told" });
    expect(revoke).toHaveBeenCalledTimes(1);
    expect(my.page.navigations).toEqual([]);
  });

  test("of all users leaves the page where it is, too", async () => {
    const my = world();
    shell(my, responds);
    const auth = await signedIn(my);
    expect(await auth.logoutAll()).toEqual({ server: "told" });
    expect(my.page.navigations).toEqual([]);
  });

  test("navigates the page when the app asks for it", async () => {
    const my = world();
    shell(my, responds);
    const auth = await signedIn(my);
    await auth.logout({ endSession: "page" });
    expect(my.page.navigations).toEqual([END]);
  });

  test.for(["https://app.example/", "https://app.example/callback"])(
    "navigates the page of a web app whose logins have a popup: %s",
    async (redirectUri) => {
      const my = world();
      shell(my, responds);
      my.redirectUri = redirectUri;
      const auth = await signedIn(my);
      await auth.logout();
      expect(my.page.navigations).toEqual([END]);
    },
  );

  test("visits the end-session endpoint with the user agent, if it can do so", async () => {
    const my = world();
    const { open } = shell(my, responds);
    const endSession = vi.fn(async (_url: string) => {});
    my.userAgent = { open, endSession };
    const auth = await signedIn(my);
    expect(await auth.logout()).toEqual({ server: "told" });
    expect(endSession).toHaveBeenCalledExactlyOnceWith(END);
    expect(my.page.navigations).toEqual([]);
  });

  test("waits at most five seconds for the user agent, and tells of its failure", async () => {
    const my = world();
    const { open } = shell(my, responds);
    let end: () => Promise<void> = () => new Promise(() => {});
    my.userAgent = { open, endSession: () => end() };
    const auth = await signedIn(my);
    const slow = auth.logout();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await slow).toEqual({ server: "told" });
    end = () => Promise.reject(new Error("no browser"));
    await auth.login();
    expect(await auth.logout()).toMatchObject({ server: "not_told", error: { code: "network" } });
  });
});

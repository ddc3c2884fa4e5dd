import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { InvalidResponseError, NetworkError } from "../../../src/core/errors.ts";
import { AuthorizationError, RequestTokenError } from "../../../src/core/protocol-errors.ts";
import type { LoginMarks } from "../../../src/core/login-marks.ts";
import type { TokenSet } from "../../../src/core/token-set.ts";
import { targetKey } from "../../../src/core/token-target.ts";
import { AutoLoginGrant } from "../../../src/grants/auto-login-grant.ts";
import { MemoryLoginMarks } from "../../support/memory-login-marks.ts";
import { KEY, settle } from "../../refresh/tabs.ts";
import { loginResponse, REDIRECT_URI, STATE, stateOf, world, type World } from "../fixture.ts";
import { two } from "../two-users.ts";
// These modules are loaded before the fake clock starts.
import "../../../src/auth/login/logins.ts";
import "../../../src/auth/login/token-after-login.ts";
import "../../../src/auth/users/users.ts";
import "../../../src/auth/logout/server-logout.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const RESPONSE = `${REDIRECT_URI}?code=c&state=${STATE}`;
const MINUTE = 60_000;

/** Returns a function that loads the same tab again, with the same `sessionStorage`. */
function tabOf(my: World, marks: LoginMarks = new MemoryLoginMarks()) {
  my.page.mayNavigate = true;
  return async (url = "https://app.example/") => {
    my.page.url = url;
    const auth = my.tab(undefined, undefined, marks);
    auth.start();
    await settle();
    return auth;
  };
}

const ask = (auth: { getToken(options?: object): Promise<string> }, options?: object) =>
  auth.getToken(options).then(
    (token) => token,
    (error: Error) => error.message,
  );

/** Navigates to the login page and loads the page again with `response`. */
async function leaveAndReturn(
  my: World,
  load: ReturnType<typeof tabOf>,
  response: TokenSet | Error,
  options = {},
) {
  const before = my.roundTrips.length;
  const auth = await load();
  auth.getToken(options).catch(() => {});
  await settle();
  await settle();
  auth.dispose();
  expect(my.roundTrips).toHaveLength(before + 1);
  my.server.exchange = async () => {
    if (response instanceof Error) throw response;
    return response;
  };
  // A response is handled only once, so each load has another state.
  return load(RESPONSE.replace(STATE, stateOf(`s${my.roundTrips.length}`)));
}

const asked = { resource: undefined, audience: undefined };
/** A token response without a refresh token. */
const once = (changes: Partial<TokenSet> = {}): TokenSet => {
  const { refreshToken: _, ...response } = loginResponse({ asked, ...changes });
  return response;
};

describe("a token that expired on arrival", () => {
  test("A1: is returned once, to the first call that waited, and no login follows", async () => {
    const my = world();
    const load = tabOf(my);
    const auth = await leaveAndReturn(my, load, once({ expiresAt: Date.now() - 1_000 }));
    expect(await ask(auth)).toBe("at1");
    expect(await ask(auth)).toContain("valid for 0 s");
    expect(await ask(await load())).toContain("valid for 0 s");
    expect(my.roundTrips).toHaveLength(1);
  });

  test("A1: of login() is also returned once, and never to a call for another user", async () => {
    const my = world();
    const auth = await tabOf(my)();
    my.navigate = async () => RESPONSE;
    my.server.exchange = async () => once({ expiresAt: Date.now() });
    await auth.login();
    expect(await ask(auth, { user: "grace", prompt: "none" })).not.toBe("at1");
    expect(await ask(auth)).toBe("at1");
    expect(await ask(auth)).toContain("valid for 0 s");
    expect(my.roundTrips).toHaveLength(1);
  });

  test("A1: is not returned after a logout", async () => {
    const my = world();
    const auth = await leaveAndReturn(my, tabOf(my), once({ expiresAt: Date.now() }));
    await auth.logout({ endSession: "none" });
    expect(await ask(auth)).not.toBe("at1");
  });
});

describe("a scope", () => {
  const scope = ["email"];

  test.each(["email", "https://api.example/auth/userinfo.email", "api://x/email", "api:email"])(
    "A1: granted as %s serves the requested target",
    async (granted) => {
      const my = world();
      const response = once({ asked: { ...asked, scope }, scope: ["openid", granted] });
      const auth = await leaveAndReturn(my, tabOf(my), response, { scope });
      expect(await ask(auth, { scope })).toBe("at1");
      expect((await my.store.get(KEY))!.access).toHaveProperty([targetKey({ scope })]);
      expect(my.roundTrips).toHaveLength(1);
    },
  );

  test("A1: that is not granted is named in the error, and the token serves the default target only", async () => {
    const my = world();
    const response = once({ asked: { ...asked, scope }, scope: ["openid", "myemail"] });
    const load = tabOf(my);
    const auth = await leaveAndReturn(my, load, response, { scope });
    expect(await ask(auth)).toBe("at1");
    expect(await ask(auth, { scope })).toContain("did not grant the scope email");
    expect(await ask(await load(), { scope })).toContain("did not grant the scope email");
    expect(my.roundTrips).toHaveLength(1);
  });
});

describe("a login mark", () => {
  const denied = new AuthorizationError(
    { error: "invalid_scope", errorDescription: "no such scope" },
    "x",
  );
  async function marked() {
    const my = world();
    const load = tabOf(my);
    await leaveAndReturn(my, load, denied);
    return { my, load };
  }

  test("A2: names the server's error on later pages", async () => {
    const { my, load } = await marked();
    expect(await ask(await load())).toContain("invalid_scope (no such scope)");
    expect(my.roundTrips).toHaveLength(1);
  });

  test("A2: also blocks automatic logins for other users and targets", async () => {
    const { my, load } = await marked();
    const auth = await load();
    for (const options of [{ user: "grace" }, { audience: "api" }, { prompt: "select_account" }]) {
      expect(await ask(auth, options)).toContain("no automatic login starts");
    }
    expect(my.roundTrips).toHaveLength(1);
  });

  test("A13: expires after half an hour, when the user acts, and with login()", async () => {
    const { my, load } = await marked();
    await vi.advanceTimersByTimeAsync(29 * MINUTE);
    expect(await ask(await load())).toContain("no automatic login starts");
    await vi.advanceTimersByTimeAsync(2 * MINUTE);
    await leaveAndReturn(my, load, denied);
    expect(my.roundTrips).toHaveLength(2);
    const acted = await load();
    await vi.advanceTimersByTimeAsync(1);
    my.page.act();
    void acted.getToken().catch(() => {});
    await settle();
    await settle();
    expect(my.roundTrips).toHaveLength(3);
    const auth = await load();
    void auth.login().catch(() => {});
    await settle();
    expect(my.roundTrips).toHaveLength(4);
    expect(await ask(await load(), { prompt: "none" })).not.toContain("automatic");
  });

  test("A13: that cannot be written lets no automatic login start", async () => {
    const my = world();
    const authorize = vi.spyOn(my.server, "authorize");
    const auth = await tabOf(my, { read: () => [], write: () => false })();
    expect(await ask(auth)).toContain("sessionStorage cannot be written");
    expect(authorize).not.toHaveBeenCalled();
    expect(my.roundTrips.every(({ closed }) => closed)).toBe(true);
    void auth.login().catch(() => {});
    await settle();
    await settle();
    expect(authorize).toHaveBeenCalledTimes(1);
  });

  test.each([[null], ["x"], [{ at: "now", outcome: "failed" }]])(
    "A2: in an unknown format is ignored: %j",
    async (foreign) => {
      const my = world();
      const marks = new MemoryLoginMarks();
      const unknown = { at: Date.now(), target: targetKey({}), outcome: "toString" };
      marks.write([foreign as never, unknown as never]);
      await leaveAndReturn(my, tabOf(my, marks), loginResponse({ asked }));
      expect(my.roundTrips).toHaveLength(1);
    },
  );

  test("A1: of successful logins allows one login a minute, and six in half an hour", async () => {
    const my = world();
    const load = tabOf(my);
    const short = () => once({ expiresAt: Date.now() + 1_000 });
    const auth = await leaveAndReturn(my, load, short());
    expect(await ask(auth)).toBe("at1");
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await ask(auth)).toMatch(/less than a minute ago: .*valid for 1 s/);
    for (let login = 2; login <= 6; login++) {
      await vi.advanceTimersByTimeAsync(MINUTE);
      const back = await leaveAndReturn(my, load, short());
      expect(await ask(back)).toBe("at1");
      await vi.advanceTimersByTimeAsync(2_000);
    }
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(await ask(await load())).toContain("too many automatic logins");
    expect(my.roundTrips).toHaveLength(6);
  });
});

test.each([
  ["A8: the network was cut", new NetworkError("token endpoint: TypeError", undefined, "x", false)],
  ["A8: the server was down", new RequestTokenError("503", { hint: "x", status: 503 })],
])(
  "%s after the code was sent: one automatic login follows, and the first error stays",
  async (_, lost) => {
    const my = world();
    const load = tabOf(my);
    my.server.exchange = () => Promise.reject(lost);
    const auth = await load(RESPONSE);
    expect(auth.state).toMatchObject({ status: "anonymous", error: lost });
    await expect(auth.handleCallback()).rejects.toBe(lost);
    await expect(auth.handleCallback()).rejects.toBe(lost);
    auth.getToken().catch(() => {});
    await settle();
    await settle();
    expect(my.roundTrips).toHaveLength(1);
    const again = await load(RESPONSE.replace(STATE, stateOf("t")));
    expect(await ask(again)).toContain("no automatic login starts");
    expect(my.roundTrips).toHaveLength(1);
  },
);

test("A8: a response with the error server_error is not handled again", async () => {
  const my = world();
  const error = new AuthorizationError({ error: "server_error" }, "x", true);
  my.server.exchange = vi.fn(() => Promise.reject(error));
  const auth = await tabOf(my)(`${REDIRECT_URI}?error=server_error&state=${STATE}`);
  await expect(auth.handleCallback()).rejects.toBe(error);
  expect(await ask(auth)).toContain("server_error");
  expect(my.server.exchange).toHaveBeenCalledTimes(1);
  expect(my.roundTrips).toHaveLength(0);
});

describe("after a logout", () => {
  test("B4: a pending getToken() does not navigate", async () => {
    const my = await two();
    const load = tabOf(my);
    const auth = await load();
    let response: (url: string) => void = () => {};
    my.server.authorize = () => new Promise((resolve) => (response = resolve));
    const navigate = vi.spyOn(my, "navigate");
    const linus = ask(auth, { user: "linus" });
    await settle();
    await settle();
    await auth.logout({ user: "linus", endSession: "none" });
    response("https://id.example/auth");
    expect(await linus).toContain("the user logged out");
    expect(navigate).not.toHaveBeenCalled();
  });

  test("B4: of another user, only that user gets no automatic login", async () => {
    const my = await two();
    const auth = await tabOf(my)();
    await auth.logout({ user: "grace", endSession: "none" });
    expect(await ask(auth, { user: "grace" })).toContain("the user logged out");
    auth.getToken({ audience: "api" }).catch(() => {});
    auth.getToken({ user: "linus" }).catch(() => {});
    await settle();
    await settle();
    expect(my.roundTrips.length).toBeGreaterThan(0);
  });

  test("B4: the second click of a double click does not log in again", async () => {
    const my = await two();
    const auth = await tabOf(my)();
    my.page.act();
    await auth.logout({ endSession: "none" });
    await vi.advanceTimersByTimeAsync(200);
    my.page.act();
    expect(await ask(auth)).toContain("the user logged out");
  });

  test("B4: in another window, tabs of that user start no automatic login until a user logs in", async () => {
    const my = await two();
    const [here, there] = [await tabOf(my)(), await tabOf(my)()];
    await there.logout({ endSession: "none" });
    await settle();
    expect(await ask(here)).toContain("the user logged out");
    my.navigate = async () => RESPONSE;
    my.server.exchange = async () => loginResponse({ asked });
    await there.login();
    await settle();
    expect(await ask(here)).toBe("at1");
  });

  test("B4: an automatic login in progress does not stop the navigation to the end-session endpoint", async () => {
    const my = await two();
    my.server.endSession = async () => "https://id.example/logout";
    const auth = await tabOf(my)();
    auth.getToken({ user: "linus" }).catch(() => {});
    await settle();
    await settle();
    expect(my.roundTrips).toHaveLength(1);
    await auth.logout();
    expect(my.page.navigations).toEqual(["https://id.example/logout"]);
  });

  test("B4: the account picker may open, and a choice without a click starts no login", async () => {
    const my = await two();
    my.page.mayNavigate = true;
    const authorize = vi.spyOn(my.server, "authorize");
    const chooseUser = vi.fn(() => ({ type: "other" }) as const);
    const prompt = { chooseUser, shouldRemember: () => false };
    const auth = my.tab(
      undefined,
      (chain, parts) => new AutoLoginGrant(chain, { ...parts, prompt }),
    );
    auth.start();
    await settle();
    await auth.logout({ endSession: "none" });
    expect(await ask(auth)).toContain("the user logged out");
    expect(chooseUser).toHaveBeenCalledTimes(1);
    expect(authorize).not.toHaveBeenCalled();
    expect(auth.state).toMatchObject({ status: "anonymous" });
  });
});

describe("a URL without a response of this client", () => {
  test.each([
    "?code=ac_123&state=stripe-1",
    "?state=CA&code=94103",
    "?error=denied&state=1",
    "#/orders?code=7&state=open",
    "#code=7&state=open",
  ])("C1: %s of another integration stays in the URL and blocks no login", async (rest) => {
    const my = world();
    const url = REDIRECT_URI + rest;
    const auth = await tabOf(my)(url);
    expect(auth.state).toMatchObject({ status: "anonymous" });
    expect(my.page.url).toBe(url);
    expect(await auth.handleCallback()).toBeUndefined();
    expect(my.page.url).toBe(url);
    auth.getToken().catch(() => {});
    await settle();
    await settle();
    expect(my.roundTrips).toHaveLength(1);
    expect((await my.users.getActive()).sub).toBeUndefined();
  });

  test("C1: a response of our form that no request waits for is removed and reported, and starts no login", async () => {
    const my = world();
    const unknown = new InvalidResponseError("state", "no pending request has this state", "x");
    my.server.exchange = () => Promise.reject(unknown);
    const auth = await tabOf(my)(`${RESPONSE}&keep=1#chapter`);
    await settle();
    expect(my.page.url).toBe(`${REDIRECT_URI}?keep=1#chapter`);
    expect(auth.state).toMatchObject({ status: "anonymous", error: unknown });
    const error = await auth.getToken().catch((error: unknown) => error);
    expect(error).toMatchObject({ code: "no_token" });
    await settle();
    expect(my.roundTrips).toHaveLength(0);
  });

  test("C2: another client's response stays in the URL", async () => {
    const my = world();
    const url = RESPONSE.replace(STATE, STATE.replace(/^\w+/, "abc"));
    const exchange = vi.spyOn(my.server, "exchange");
    const auth = await tabOf(my)(url);
    expect(my.page.url).toBe(url);
    expect(exchange).not.toHaveBeenCalled();
    expect(auth.state).toMatchObject({ status: "anonymous" });
  });
});

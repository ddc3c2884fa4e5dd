import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { AuthorizationServer } from "../../../src/core/authorization-server.ts";
import type { Grant } from "../../../src/core/grant.ts";
import type { LoginChoice, LoginPrompt } from "../../../src/core/login-prompt.ts";
import { AuthorizationError } from "../../../src/core/protocol-errors.ts";
import { AuthorizationCodeGrant } from "../../../src/grants/authorization-code-grant.ts";
import { AutoLoginGrant } from "../../../src/grants/auto-login-grant.ts";
import { CustomGrant } from "../../../src/grants/custom-grant.ts";
import { revokeLock } from "../../../src/core/keys.ts";
import { ADA, CLIENT, KEY, responseOf, settle } from "../../refresh/tabs.ts";
import { loginResponse, REDIRECT_URI, world, type World, STATE } from "../fixture.ts";
import { GRACE, rowOf, two } from "../two-users.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const RESPONSE = `${REDIRECT_URI}?code=c&state=${STATE}`;
const LINUS = { sub: "linus", name: "Linus", claims: { sub: "linus" } };

function promptOf(choice: LoginChoice | (() => Promise<LoginChoice>) = { type: "dismiss" }) {
  return {
    chooseUser: vi.fn<LoginPrompt["chooseUser"]>(() =>
      typeof choice === "function" ? choice() : choice,
    ),
    shouldRemember: vi.fn<LoginPrompt["shouldRemember"]>(() => new Promise(() => {})),
  };
}

async function started(my: World, prompt: LoginPrompt, inner?: Grant) {
  const auth = my.tab(inner, (chain, parts) => new AutoLoginGrant(chain, { ...parts, prompt }));
  auth.start();
  await settle();
  return auth;
}

/** Lets the page navigate to a login page, where Linus logs in. */
function login(my: World) {
  my.page.mayNavigate = true;
  const authorize = vi.fn<AuthorizationServer["authorize"]>(async () => "https://id.example/auth");
  my.server.authorize = authorize;
  my.server.exchange = async () => loginResponse({ accessToken: "at-linus", user: LINUS });
  my.navigate = async () => RESPONSE;
  return authorize;
}

test("a stored user with a valid session gets a token without a prompt and without a login", async () => {
  const my = await two();
  const authorize = login(my);
  const prompt = promptOf();
  const auth = await started(my, prompt);
  expect(await auth.getToken()).toBe("at-ada");
  expect(prompt.chooseUser).not.toHaveBeenCalled();
  expect(prompt.shouldRemember).not.toHaveBeenCalled();
  expect(authorize).not.toHaveBeenCalled();
});

test("no call forgets the default user, so that each new tab gets this user's token", async () => {
  const my = await two();
  const prompt = promptOf();
  for (const generation of [2, 3, 4]) {
    const auth = await started(my, prompt);
    expect(await auth.getToken()).toBe(generation === 2 ? "at-ada" : `at${generation - 1}`);
    // These calls reach the grant.
    my.refreshes.push(responseOf(generation));
    expect(await auth.getToken({ cache: "reload" })).toBe(`at${generation}`);
    expect(await auth.getToken({ user: "grace" })).toBe("at-grace");
    expect((await my.users.getActive()).sub).toBe(ADA);
    expect((await auth.users()).map(({ sub }) => sub).sort()).toEqual([ADA, "grace"].sort());
    auth.dispose();
  }
  expect(prompt.chooseUser).not.toHaveBeenCalled();
});

describe("the picker", () => {
  test("is shown when there is no default user, receives no tokens, and signs in the chosen user", async () => {
    const my = await two();
    await my.users.putDefault(null);
    const authorize = login(my);
    const prompt = promptOf({ type: "continue", sub: "grace" });
    const auth = await started(my, prompt);
    expect(await auth.getToken()).toBe("at-grace");
    const [users, { current }] = prompt.chooseUser.mock.calls[0]!;
    expect(current).toBe(undefined);
    expect(users.map(({ sub }) => sub)).toEqual([ADA, "grace"]);
    expect(JSON.stringify(users)).not.toMatch(/at-|rt-/);
    expect(authorize).not.toHaveBeenCalled();
    expect(auth.state).toMatchObject({ status: "authenticated", user: { sub: "grace" } });
    expect((await my.users.getActive()).sub).toBe("grace");
    expect(await auth.users()).toMatchObject([{ sub: "grace" }, { sub: ADA }]);
    expect(prompt.shouldRemember).not.toHaveBeenCalled();
  });

  test("is shown once for all concurrent calls", async () => {
    const my = await two();
    await my.users.putDefault(null);
    login(my);
    const prompt = promptOf({ type: "continue", sub: "grace" });
    const auth = await started(my, prompt);
    const tokens = await Promise.all([auth.getToken(), auth.getToken(), auth.getToken()]);
    expect(tokens).toEqual(["at-grace", "at-grace", "at-grace"]);
    expect(prompt.chooseUser).toHaveBeenCalledTimes(1);
  });

  test("is shown after the default user logged out", async () => {
    const my = await two();
    login(my);
    const prompt = promptOf({ type: "continue", sub: "grace" });
    const auth = await started(my, prompt);
    await auth.logout({ endSession: "none" });
    expect(await auth.getToken()).toBe("at-grace");
    expect(prompt.chooseUser).toHaveBeenCalledTimes(1);
  });

  test("is shown when the app passes the prompt select_account", async () => {
    const my = await two();
    login(my);
    const prompt = promptOf({ type: "continue", sub: "grace" });
    const auth = await started(my, prompt);
    expect(await auth.getToken({ prompt: "select_account" })).toBe("at-grace");
    expect(await auth.getToken({ prompt: "select_account" })).toBe("at-grace");
    // The picker marks the user that the tab had before the choice.
    const marked = prompt.chooseUser.mock.calls.map(([, { current }]) => current);
    expect(marked).toEqual([ADA, "grace"]);
  });

  test("is not shown on a device without known users, and the login page opens", async () => {
    const my = world();
    const authorize = login(my);
    const prompt = promptOf();
    const auth = await started(my, prompt);
    expect(await auth.getToken()).toBe("at-linus");
    expect(prompt.chooseUser).not.toHaveBeenCalled();
    expect(authorize).toHaveBeenCalledTimes(1);
  });

  test("is not shown again by getToken() after a dismissal", async () => {
    const my = await two();
    await my.users.putDefault(null);
    const authorize = login(my);
    const prompt = promptOf({ type: "dismiss" });
    const auth = await started(my, prompt);
    await expect(auth.getToken()).rejects.toMatchObject({ code: "cancelled" });
    await expect(auth.getToken()).rejects.toMatchObject({ code: "no_token" });
    expect(prompt.chooseUser).toHaveBeenCalledTimes(1);
    expect(authorize).not.toHaveBeenCalled();
    expect(await auth.getToken({ user: "grace" })).toBe("at-grace");
  });

  test("is not shown by login()", async () => {
    const my = await two();
    await my.users.putDefault(null);
    const authorize = login(my);
    const prompt = promptOf();
    const auth = await started(my, prompt);
    expect(await auth.login()).toMatchObject({ sub: "linus" });
    expect(prompt.chooseUser).not.toHaveBeenCalled();
    expect(authorize).toHaveBeenCalledTimes(1);
  });
});

describe("a chosen user", () => {
  test("logs in when the tokens in the record belong to another user", async () => {
    const my = await two();
    await my.users.putDefault(null);
    const { tokens } = (await my.store.get(GRACE))!;
    await my.store.update(KEY, (row) => ({ ...row!, tokens }));
    const authorize = login(my);
    my.server.exchange = async () => loginResponse();
    const auth = await started(my, promptOf({ type: "continue", sub: ADA }));
    expect(await auth.getToken()).toBe("at1");
    expect(authorize.mock.calls[0]![0]).toMatchObject({ loginHint: "ada@example.com" });
    expect(auth.state).toMatchObject({ user: { sub: ADA } });
  });

  test("logs in when the app's own grant returns tokens of another user", async () => {
    const my = await two();
    await my.users.putDefault(null);
    const authorize = login(my);
    my.server.exchange = async () => loginResponse();
    const loggingIn = new AuthorizationCodeGrant(my.server);
    const inner = new CustomGrant(async (request) =>
      request.user === undefined ? loggingIn.requestToken(request) : loginResponse({ user: LINUS }),
    );
    await my.store.update(KEY, (row) => ({ ...row!, renewable: false, access: {} }));
    const auth = await started(my, promptOf({ type: "continue", sub: ADA }), inner);
    expect(await auth.getToken()).toBe("at1");
    expect(authorize).toHaveBeenCalledTimes(1);
    expect(auth.state).toMatchObject({ user: { sub: ADA } });
  });
});

describe("a user that the picker returns with its own window", () => {
  async function chosen(isEnded: boolean) {
    const my = await two();
    await my.users.putDefault(null);
    if (isEnded) {
      await my.store.update(GRACE, (row) => ({
        ...row!,
        end: { reason: "session_ended", sequence: 1 },
        access: {},
        tokens: null,
      }));
    }
    const authorize = login(my);
    const roundTrip = {
      redirectUri: `${REDIRECT_URI}/popup`,
      navigate: vi.fn(my.navigate),
      close: vi.fn(),
    };
    const auth = await started(my, promptOf({ type: "continue", sub: "grace", roundTrip }));
    return { authorize, roundTrip, token: await auth.getToken() };
  }

  test("logs in in this window when the session has ended, and the window is closed", async () => {
    const { authorize, roundTrip, token } = await chosen(true);
    expect(token).toBe("at-linus");
    expect(authorize.mock.calls[0]![0]).toMatchObject({
      loginHint: "grace@example.com",
      redirectUri: roundTrip.redirectUri,
    });
    expect(roundTrip.navigate).toHaveBeenCalledTimes(1);
    expect(roundTrip.close).toHaveBeenCalledTimes(1);
  });

  test("gets a token without a login when the session is valid, and the window is closed", async () => {
    const { roundTrip, token } = await chosen(false);
    expect(token).toBe("at-grace");
    expect(roundTrip.navigate).not.toHaveBeenCalled();
    expect(roundTrip.close).toHaveBeenCalledTimes(1);
  });
});

describe("a revocation that began while the picker was open", () => {
  const roundTrip = { redirectUri: REDIRECT_URI, navigate: async () => RESPONSE, close: () => {} };
  test.for<[string, LoginChoice]>([
    ["another user", { type: "other" }],
    ["a window of the picker's own", { type: "other", roundTrip }],
    ["a session that ended", { type: "continue", sub: "grace" }],
  ])("is awaited by the login that follows: %s", async ([, choice]) => {
    const my = await two();
    await my.users.putDefault(null);
    await my.store.update(GRACE, (row) => ({
      ...row!,
      end: { reason: "session_ended", sequence: 1 },
      access: {},
      tokens: null,
    }));
    const authorize = login(my);
    let choose: (choice: LoginChoice) => void = () => {};
    const prompt = promptOf(() => new Promise((resolve) => (choose = resolve)));
    const auth = await started(my, prompt);
    const token = auth.getToken();
    await settle();
    let finish = () => {};
    void my.locks.request(
      revokeLock(CLIENT),
      { mode: "exclusive" },
      () => new Promise<void>((resolve) => (finish = resolve)),
    );
    choose(choice);
    await settle();
    expect(authorize).not.toHaveBeenCalled();
    finish();
    expect(await token).toBe("at-linus");
    expect(authorize).toHaveBeenCalledTimes(1);
  });
});

describe("the choice of another user", () => {
  test("uses the window that the click opened, sends select_account, and closes the window", async () => {
    const my = await two();
    await my.users.putDefault(null);
    const authorize = login(my);
    const roundTrip = {
      redirectUri: `${REDIRECT_URI}/popup`,
      navigate: vi.fn(my.navigate),
      close: vi.fn(),
    };
    const auth = await started(my, promptOf({ type: "other", roundTrip }));
    expect(await auth.getToken()).toBe("at-linus");
    expect(authorize.mock.calls[0]![0]).toMatchObject({
      prompt: "select_account",
      redirectUri: roundTrip.redirectUri,
    });
    expect(roundTrip.navigate).toHaveBeenCalledTimes(1);
    expect(roundTrip.close).toHaveBeenCalledTimes(1);
    expect(auth.state).toMatchObject({ user: { sub: "linus" } });
  });

  test("uses the page when the click opened no window", async () => {
    const my = await two();
    await my.users.putDefault(null);
    const authorize = login(my);
    const auth = await started(my, promptOf({ type: "other" }));
    expect(await auth.getToken()).toBe("at-linus");
    expect(authorize.mock.calls[0]![0]).toMatchObject({
      prompt: "select_account",
      redirectUri: REDIRECT_URI,
    });
  });

  describe("that the server refuses", () => {
    const denied = new AuthorizationError({ error: "access_denied" }, "log in again");

    async function refused(...choices: LoginChoice[]) {
      const my = await two();
      await my.users.putDefault(null);
      login(my);
      const roundTrip = {
        redirectUri: `${REDIRECT_URI}/popup`,
        navigate: vi.fn(my.navigate),
        close: vi.fn(),
      };
      my.server.exchange = vi.fn<AuthorizationServer["exchange"]>(async () =>
        loginResponse({ accessToken: "at-linus", user: LINUS }),
      );
      vi.mocked(my.server.exchange).mockRejectedValueOnce(denied);
      const answers = [{ type: "other", roundTrip } as const, ...choices];
      const prompt = promptOf(async () => answers.shift()!);
      return { my, prompt, roundTrip, auth: await started(my, prompt) };
    }

    test("in its own window is asked again with the error; another choice signs in", async () => {
      const { prompt, roundTrip, auth } = await refused({ type: "continue", sub: "grace" });
      expect(await auth.getToken()).toBe("at-grace");
      expect(roundTrip.close).toHaveBeenCalledTimes(1);
      expect(prompt.chooseUser.mock.calls.map(([, { error }]) => error)).toEqual([
        undefined,
        denied,
      ]);
    });

    test("in its own window rejects with the error when the user then dismisses the picker", async () => {
      const { prompt, auth } = await refused({ type: "dismiss" });
      await expect(auth.getToken()).rejects.toBe(denied);
      expect(prompt.chooseUser).toHaveBeenCalledTimes(2);
    });
  });
});

describe("a session that ended", () => {
  const ended = { reason: "session_ended", sequence: 1 } as const;

  test("starts a login with the user's address as the hint, and the other sessions stay", async () => {
    const my = await two();
    await my.store.update(KEY, (row) => ({ ...row!, end: ended, access: {}, tokens: null }));
    const authorize = login(my);
    const prompt = promptOf();
    my.server.exchange = async () => loginResponse();
    const auth = await started(my, prompt);
    expect(auth.state).toMatchObject({ status: "expired" });
    expect(await auth.getToken()).toBe("at1");
    expect(authorize.mock.calls[0]![0]).toMatchObject({ loginHint: "ada@example.com" });
    expect(prompt.chooseUser).not.toHaveBeenCalled();
    expect((await my.store.get(GRACE))!.end).toBeNull();
    // A remembered user is not asked again.
    await vi.advanceTimersByTimeAsync(1_000);
    expect(prompt.shouldRemember).not.toHaveBeenCalled();
    expect(await my.store.get(KEY)).toMatchObject({ lifetime: "remembered", end: null });
  });

  test("of a user chosen in the picker starts a login with this user as the hint", async () => {
    const my = await two();
    await my.users.putDefault(null);
    await my.store.update(GRACE, (row) => ({ ...row!, end: ended, access: {}, tokens: null }));
    const authorize = login(my);
    const prompt = promptOf({ type: "continue", sub: "grace" });
    const auth = await started(my, prompt);
    await auth.getToken();
    expect(prompt.chooseUser.mock.calls[0]![0]).toMatchObject([
      { sub: ADA, needsLogin: false },
      { sub: "grace", needsLogin: true },
    ]);
    expect(authorize.mock.calls[0]![0]).toMatchObject({ loginHint: "grace@example.com" });
  });
});

describe("shouldRemember()", () => {
  async function signedIn(response: () => boolean | Promise<boolean>) {
    const my = world();
    login(my);
    const prompt = promptOf();
    prompt.shouldRemember.mockImplementation(response);
    const auth = await started(my, prompt);
    const key = KEY.replace(ADA, "linus");
    return { my, auth, prompt, row: () => my.store.get(key), key };
  }

  test("is called after a fresh login with the user and no token, and true remembers the user", async () => {
    const { auth, prompt, row } = await signedIn(() => true);
    await auth.login();
    await vi.advanceTimersByTimeAsync(10);
    expect(prompt.shouldRemember).toHaveBeenCalledTimes(1);
    expect(prompt.shouldRemember.mock.calls[0]![0]).toEqual(LINUS);
    expect(await row()).toMatchObject({ lifetime: "remembered", remembered: { name: "Linus" } });
    expect(await auth.users()).toMatchObject([{ sub: "linus", needsLogin: false }]);
  });

  test.for<[string, boolean]>([
    ["login()", false],
    ["a login of getToken()", false],
    ["a callback", true],
  ])("is called after the state is published and the token returned: %s", async ([how, isBack]) => {
    const my = world();
    login(my);
    if (isBack) my.page.url = RESPONSE;
    const order: string[] = [];
    const prompt = promptOf();
    const auth = my.tab(
      undefined,
      (chain, parts) => new AutoLoginGrant(chain, { ...parts, prompt }),
    );
    prompt.shouldRemember.mockImplementation(() => {
      order.push(`asked when ${auth.state.status}`);
      return false;
    });
    auth.start();
    const given = how === "login()" ? auth.login() : auth.getToken();
    void given.then(() => order.push("given"));
    await settle();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(order).toEqual(["given", "asked when authenticated"]);
  });

  test("is not called when the login could not be stored", async () => {
    const { my, auth, prompt } = await signedIn(() => true);
    vi.spyOn(my.store, "update").mockRejectedValue(new Error("full"));
    await expect(auth.login()).rejects.toThrow("full");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(prompt.shouldRemember).not.toHaveBeenCalled();
  });

  test("never delays the token, and counts as false when it never settles", async () => {
    const { auth, prompt, row } = await signedIn(() => new Promise(() => {}));
    expect(await auth.getToken()).toBe("at-linus");
    await vi.advanceTimersByTimeAsync(10);
    const [, { signal }] = prompt.shouldRemember.mock.calls[0]!;
    expect(signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    expect(signal.aborted).toBe(true);
    expect(await row()).toMatchObject({ lifetime: "tabs" });
    expect(await auth.users()).toEqual([]);
  });

  test.for<[string, () => boolean | Promise<boolean>]>([
    ["no", () => false],
    ["a result that is no boolean", () => "yes" as never],
  ])("%s: the session stays only while a tab is open", async ([, response]) => {
    const { auth, prompt, row } = await signedIn(response);
    expect(await auth.getToken()).toBe("at-linus");
    await vi.advanceTimersByTimeAsync(10);
    expect(prompt.shouldRemember).toHaveBeenCalledTimes(1);
    expect(await row()).toMatchObject({ lifetime: "tabs" });
    expect(await auth.getToken()).toBe("at-linus");
  });

  test.for<[string, () => boolean | Promise<boolean>]>([
    ["rejects", () => Promise.reject(new Error("broken"))],
    [
      "throws",
      () => {
        throw new Error("broken");
      },
    ],
  ])(
    "D3: a prompt that %s is an uncaught error, and the user is not remembered",
    async ([, ask]) => {
      const uncaught: unknown[] = [];
      const before = process.listeners("uncaughtException");
      process.removeAllListeners("uncaughtException");
      process.on("uncaughtException", (error) => uncaught.push(error));
      try {
        const { auth, row } = await signedIn(ask);
        expect(await auth.getToken()).toBe("at-linus");
        await vi.advanceTimersByTimeAsync(10);
        await vi.waitFor(() => expect(uncaught).toEqual([new Error("broken")]));
        expect(await row()).toMatchObject({ lifetime: "tabs" });
      } finally {
        process.removeAllListeners("uncaughtException");
        for (const listener of before) process.on("uncaughtException", listener);
      }
    },
  );

  test("D3: the error of each login is reported, also if the error is no Error", async () => {
    const uncaught: unknown[] = [];
    const before = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", (error) => uncaught.push(error));
    try {
      const errors = ["first", new TypeError("second")];
      const { auth, row } = await signedIn(async () => {
        throw errors[uncaught.length];
      });
      for (const count of [1, 2]) {
        await auth.login();
        await vi.advanceTimersByTimeAsync(10);
        await vi.waitFor(() => expect(uncaught).toHaveLength(count));
        expect(await row()).toMatchObject({ lifetime: "tabs" });
      }
      expect(uncaught).toEqual(errors);
    } finally {
      process.removeAllListeners("uncaughtException");
      for (const listener of before) process.on("uncaughtException", listener);
    }
  });

  test("changes nothing when the session has ended before it returns true", async () => {
    let response: (yes: boolean) => void = () => {};
    const { auth, row } = await signedIn(() => new Promise((resolve) => (response = resolve)));
    await auth.login();
    await vi.advanceTimersByTimeAsync(10);
    await auth.logout({ endSession: "none" });
    response(true);
    await settle();
    expect((await row())!.remembered).toBeUndefined();
    expect(await auth.users()).toEqual([]);
  });

  test("is called after the callback of a full-page login", async () => {
    const { my, prompt } = await signedIn(() => true);
    my.page.url = RESPONSE;
    const auth = await started(my, prompt);
    expect(await auth.getToken()).toBe("at-linus");
    await vi.advanceTimersByTimeAsync(10);
    expect(prompt.shouldRemember).toHaveBeenCalledTimes(1);
    expect(await auth.users()).toMatchObject([{ sub: "linus" }]);
  });

  test("is not needed: users are remembered without a prompt", async () => {
    const my = world();
    login(my);
    const auth = my.tab();
    auth.start();
    await auth.login();
    expect(await auth.users()).toMatchObject([{ sub: "linus", name: "Linus" }]);
  });
});

describe("a user who is not remembered", () => {
  const guest = () => {
    const { remembered: _, ...row } = rowOf("grace");
    return { ...row, lifetime: "tabs" as const, access: goodAccess() };
  };
  const goodAccess = () => ({
    [JSON.stringify([])]: { generation: 1, expiresAt: Date.now() + 60_000, scope: ["openid"] },
  });

  test("is signed in in other tabs, too, while one tab is open", async () => {
    const my = world();
    login(my);
    const prompt = promptOf();
    prompt.shouldRemember.mockReturnValue(false);
    const a = await started(my, prompt);
    const b = await started(my, prompt);
    await a.login();
    await vi.advanceTimersByTimeAsync(3_000);
    const c = await started(my, prompt);
    await vi.advanceTimersByTimeAsync(3_000);
    for (const tab of [a, b, c]) expect(tab.state).toMatchObject({ user: { sub: "linus" } });
    expect(await c.getToken({ prompt: "none" })).toBe("at-linus");
  });

  test("loses the session with the last tab: a new tab deletes the session unread", async () => {
    const my = world();
    const row = guest();
    await my.store.update(GRACE, () => ({ ...row, access: {} }));
    await my.users.putDefault("grace");
    const open = vi.spyOn(my.store, "open");
    const auth = await started(my, promptOf());
    expect(auth.state).toMatchObject({ status: "loading" });
    await vi.advanceTimersByTimeAsync(900);
    expect(await my.store.get(GRACE)).toBeDefined();
    await vi.advanceTimersByTimeAsync(200);
    expect(auth.state).toMatchObject({ status: "anonymous" });
    expect(await my.store.get(GRACE)).toBeUndefined();
    expect(await my.users.getActive()).toEqual({});
    expect(open).not.toHaveBeenCalled();
  });

  test("loses the session when users() is called, although another user is the default", async () => {
    const my = await two();
    await my.store.update(GRACE, guest);
    const auth = await started(my, promptOf());
    expect(await auth.users()).toMatchObject([{ sub: ADA }]);
    await vi.advanceTimersByTimeAsync(1_100);
    expect(await my.store.get(GRACE)).toBeUndefined();
    expect(await my.store.get(KEY)).toBeDefined();
    expect((await my.users.getActive()).sub).toBe(ADA);
  });

  test("keeps the session when a reloading tab is back within a second", async () => {
    const my = world();
    await my.store.update(GRACE, () => ({ ...guest(), access: {} }));
    await my.users.putDefault("grace");
    const auth = await started(my, promptOf());
    await vi.advanceTimersByTimeAsync(500);
    void my.locks.request(
      `present/${GRACE.split("/")[1]}/grace`,
      { mode: "shared" },
      () => new Promise(() => {}),
    );
    await vi.advanceTimersByTimeAsync(1_000);
    expect(auth.state.status).not.toBe("loading");
    expect(await my.store.get(GRACE)).toBeDefined();
  });
});

describe("nothing is shown", () => {
  test("with prompt none", async () => {
    const my = await two();
    await my.users.putDefault(null);
    const authorize = login(my);
    const prompt = promptOf({ type: "continue", sub: "grace" });
    const auth = await started(my, prompt);
    await expect(auth.getToken({ prompt: "none" })).rejects.toMatchObject({ code: "no_token" });
    await expect(auth.getToken({ prompt: "none", user: "linus" })).rejects.toMatchObject({
      code: "no_token",
    });
    await auth.login({ prompt: "none" });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(prompt.chooseUser).not.toHaveBeenCalled();
    expect(prompt.shouldRemember).not.toHaveBeenCalled();
    expect(authorize).toHaveBeenCalledTimes(1);
  });

  test("after a full-page login with prompt none", async () => {
    const my = world();
    login(my);
    const asked = { resource: undefined, audience: undefined, prompt: "none" } as const;
    my.server.exchange = async () => loginResponse({ asked });
    my.page.url = RESPONSE;
    const prompt = promptOf();
    const auth = await started(my, prompt);
    expect(await auth.getToken()).toBe("at1");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(prompt.shouldRemember).not.toHaveBeenCalled();
    expect(await my.store.get(KEY)).toMatchObject({ lifetime: "tabs" });
  });

  test("by a page that is not visible", async () => {
    const my = await two();
    await my.users.putDefault(null);
    const prompt = promptOf();
    const auth = await started(my, prompt);
    await expect(auth.getToken()).rejects.toMatchObject({ code: "no_token" });
    expect(prompt.chooseUser).not.toHaveBeenCalled();
  });
});

describe("a picker", () => {
  test("that never settles blocks no caller beyond the caller's signal, and its own signal aborts", async () => {
    const my = await two();
    await my.users.putDefault(null);
    login(my);
    const prompt = promptOf(() => new Promise(() => {}));
    const auth = await started(my, prompt);
    const leave = new AbortController();
    const token = auth.getToken({ signal: leave.signal });
    await settle();
    const [, { signal }] = prompt.chooseUser.mock.calls[0]!;
    // Other calls are not blocked.
    expect(await auth.getToken({ user: "grace" })).toBe("at-grace");
    await expect(auth.getToken({ prompt: "none" })).rejects.toMatchObject({ code: "no_token" });
    expect(signal.aborted).toBe(false);
    leave.abort(new Error("aborted"));
    await expect(token).rejects.toThrow("aborted");
    expect(signal.aborted).toBe(true);
  });

  test("is aborted when a user logs in meanwhile, in this tab or another one", async () => {
    for (const where of ["this", "another"]) {
      const my = await two();
      await my.users.putDefault(null);
      login(my);
      const prompt = promptOf(() => new Promise(() => {}));
      const auth = await started(my, prompt);
      const tokens = Promise.all([auth.getToken(), auth.getToken()]);
      await settle();
      const [, { signal }] = prompt.chooseUser.mock.calls[0]!;
      expect(signal.aborted).toBe(false);
      await (where === "this" ? auth : await started(my, prompt)).login();
      await vi.advanceTimersByTimeAsync(3_000);
      expect(await tokens).toEqual(["at-linus", "at-linus"]);
      expect(signal.aborted).toBe(true);
      expect(auth.state).toMatchObject({ status: "authenticated", user: { sub: "linus" } });
      expect(prompt.chooseUser).toHaveBeenCalledTimes(1);
      auth.dispose();
    }
  });

  test("is aborted when this tab is switched to a user", async () => {
    const my = await two();
    await my.users.putDefault(null);
    login(my);
    const prompt = promptOf(() => new Promise(() => {}));
    const auth = await started(my, prompt);
    const token = auth.getToken();
    await settle();
    await auth.switchUser("grace");
    expect(await token).toBe("at-grace");
    expect(auth.state).toMatchObject({ user: { sub: "grace" } });
  });

  test("that the app asked for stays open when a user logs in meanwhile", async () => {
    const my = await two();
    await my.users.putDefault(null);
    login(my);
    let choose: (choice: LoginChoice) => void = () => {};
    const prompt = promptOf(() => new Promise((resolve) => (choose = resolve)));
    const auth = await started(my, prompt);
    const token = auth.getToken({ prompt: "select_account" });
    await settle();
    await (await started(my, prompt)).login();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(auth.state).toMatchObject({ status: "authenticated" });
    expect(prompt.chooseUser.mock.calls[0]![1].signal.aborted).toBe(false);
    choose({ type: "continue", sub: "grace" });
    expect(await token).toBe("at-grace");
  });

  test("that throws rejects the call with its error, and the next call shows the picker again", async () => {
    const my = await two();
    await my.users.putDefault(null);
    login(my);
    const prompt = promptOf(() => Promise.reject(new Error("broken")));
    const auth = await started(my, prompt);
    await expect(auth.getToken()).rejects.toThrow("broken");
    prompt.chooseUser.mockReturnValue({ type: "continue", sub: "grace" });
    expect(await auth.getToken()).toBe("at-grace");
  });
});

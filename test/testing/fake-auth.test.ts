import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  CancelledError,
  NetworkError,
  NoTokenError,
  RefreshTokenError,
} from "../../src/core/errors.ts";
import { watchToken } from "../../src/core/watch-token.ts";
import { fakeAuth, fakeProvider, type FakeAuthConfig } from "../../src/testing.ts";
import { nodeBrowser } from "../support/node-browser.ts";

const TOKEN = { scope: [], expiresAt: 5, origin: "this-tab", isRenewable: true };
const ADA = { sub: "ada", name: "Ada", email: "ada@example.com", role: "admin" };

describe("the first state", () => {
  test("is anonymous without options, and authenticated with a user", async () => {
    expect(fakeAuth().state).toMatchObject({ status: "anonymous", reason: "none" });
    const auth = fakeAuth({ user: ADA });
    expect(auth.state).toMatchObject({
      status: "authenticated",
      user: { sub: "ada", name: "Ada", claims: { role: "admin" } },
      freshness: "fresh",
    });
    expect(await auth.getUser()).toMatchObject({ email: "ada@example.com" });
    expect(await auth.getToken()).toBe("token of ada");
  });

  test("can have any status", () => {
    const of = (config: FakeAuthConfig) => fakeAuth(config).state;
    expect(of({ state: "loading" })).toMatchObject({ status: "loading" });
    expect(of({ state: "authenticating" })).toMatchObject({ status: "authenticating" });
    expect(of({ user: "ada", state: "expired" })).toMatchObject({
      status: "expired",
      reason: "session_ended",
      user: { sub: "ada" },
    });
    expect(of({ state: "unavailable" })).toMatchObject({ error: { input: "indexedDB" } });
    expect(of({ state: { status: "anonymous", reason: "forgotten" } })).toMatchObject({
      reason: "forgotten",
    });
  });

  test("has the members of the token, and getIdToken() returns its ID token", async () => {
    const token = { accessToken: "t1", idToken: "i1", expiresAt: 5, scope: ["api"] };
    const auth = fakeAuth({ user: "ada", token });
    expect(auth.state).toMatchObject({ token: { expiresAt: 5, scope: ["api"] } });
    expect([await auth.getToken(), await auth.getIdToken()]).toEqual(["t1", "i1"]);
    expect(await fakeAuth({ token }).getIdToken()).toBeUndefined();
  });
});

describe("getToken()", () => {
  test("rejects as the real one does when no user is signed in", async () => {
    await expect(fakeAuth().getToken()).rejects.toBeInstanceOf(NoTokenError);
    const expired = fakeAuth({ user: "ada", state: "expired" });
    await expect(expired.getToken()).rejects.toBeInstanceOf(RefreshTokenError);
    const unavailable = fakeAuth({ state: "unavailable" });
    await expect(unavailable.getToken()).rejects.toMatchObject({ code: "configuration" });
    await expect(fakeAuth({ user: "ada" }).getToken({ user: "bob" })).rejects.toMatchObject({
      code: "no_token",
    });
  });

  test("waits while the state is loading, and for a login that is in progress", async () => {
    const auth = fakeAuth({ state: "loading" });
    const token = auth.getToken();
    auth.setState("authenticating");
    auth.setUser("ada");
    expect(await token).toBe("token of ada");
    const busy = fakeAuth({ state: "authenticating" });
    await expect(busy.getToken({ prompt: "none" })).rejects.toMatchObject({ code: "no_token" });
  });

  test("an abort of the signal ends the wait", async () => {
    const controller = new AbortController();
    const token = fakeAuth({ state: "loading" }).getToken({ signal: controller.signal });
    controller.abort(new Error("unmounted"));
    await expect(token).rejects.toThrow("unmounted");
  });

  test("calls the function of the test, and its calls are visible", async () => {
    const auth = fakeAuth({ user: "ada", token: async ({ resource }) => `token for ${resource}` });
    expect(await auth.getToken({ resource: "https://a.example" })).toBe(
      "token for https://a.example",
    );
    auth.setToken(() => Promise.reject(new NetworkError("offline")));
    await expect(auth.getToken()).rejects.toMatchObject({ code: "network" });
    auth.setToken("t2");
    expect(await auth.getToken()).toBe("t2");
    expect(auth.calls.getToken).toEqual([{ resource: "https://a.example" }, {}, {}]);
  });
});

describe("a token that has expired, or soon expires", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("is refreshed by getToken(), so that a component always has a token", async () => {
    const token = watchToken(fakeAuth({ user: "ada", token: "t1" }), {});
    const seen: string[] = [];
    const stop = token.subscribe(() => seen.push(token.get().status));
    await vi.advanceTimersByTimeAsync(900_000);
    stop();
    expect(seen).toEqual(["ready"]);
  });

  test("gets a new `expiresAt` in the state, also with a function as token", async () => {
    const auth = fakeAuth({ user: "ada", token: () => "t1" });
    auth.setUser("bob");
    auth.setUser("ada", { expiresAt: Date.now() + 60_000 });
    await auth.getToken();
    expect(auth.state).toMatchObject({
      reason: "login",
      token: { expiresAt: Date.now() + 60_000 },
    });
    vi.advanceTimersByTime(60_000);
    const { state } = auth;
    await auth.getToken({ user: "bob" });
    expect(auth.state).toBe(state);
    await auth.getToken();
    expect(auth.state).toMatchObject({
      reason: "refreshed",
      freshness: "fresh",
      token: { expiresAt: Date.now() + 300_000 },
      since: Date.now(),
    });
  });

  test("stays if it is not renewable", async () => {
    const auth = fakeAuth({ user: "ada", token: { expiresAt: Date.now(), isRenewable: false } });
    const { state } = auth;
    await auth.getToken();
    expect(auth.state).toBe(state);
  });
});

describe("the state `expired`", () => {
  test("ends with logout(), logoutAll() and forget(), also if the fake starts with it", async () => {
    for (const method of ["logout", "logoutAll", "forget"] as const) {
      const auth = fakeAuth({ user: "ada", state: "expired" });
      await (method === "forget" ? auth.forget("ada") : auth[method]());
      expect(auth.state.status, method).toBe("anonymous");
      expect(await auth.users(), method).toEqual([]);
    }
  });

  test("getToken() rejects for this user by name, too, and users() says that the user needs a login", async () => {
    const auth = fakeAuth({ user: "ada" });
    auth.setState("expired");
    await expect(auth.getToken()).rejects.toMatchObject({ code: "refresh_token" });
    await expect(auth.getToken({ user: "ada" })).rejects.toMatchObject({ code: "refresh_token" });
    expect(await auth.users()).toMatchObject([{ sub: "ada", needsLogin: true }]);
    auth.setUser("bob");
    await expect(auth.getToken({ user: "ada" })).rejects.toMatchObject({ code: "refresh_token" });
    await auth.switchUser("ada");
    expect(auth.state.status).toBe("expired");
  });
});

test("a login that fails in the state `expired` leaves this state, as with createAuth()", async () => {
  const provider = fakeProvider();
  const config = { clientId: "web", redirectUri: "https://app.example.com/cb" };
  const tab = nodeBrowser({ ...config, issuer: provider.issuer, fetch: provider.fetch }).tab();
  await tab.login();
  provider.endSessions("ada");
  const silent = tab.getToken({ cache: "reload", prompt: "none" });
  await expect(silent).rejects.toMatchObject({ code: "refresh_token" });
  provider.failNext("authorization", { type: "oauth_error", error: "server_error" });
  await expect(tab.login()).rejects.toMatchObject({ error: "server_error" });
  const auth = fakeAuth({ user: "ada", state: "expired" });
  auth.setLogin(() => Promise.reject(new NetworkError("offline")));
  await expect(auth.login()).rejects.toMatchObject({ code: "network" });
  for (const { state } of [tab, auth]) {
    expect(state).toMatchObject({ status: "expired", reason: "session_ended" });
    expect(state).not.toHaveProperty("error");
  }
});

test("setUser() gives each user a token of their own, and switchUser() returns to it", async () => {
  const auth = fakeAuth();
  auth.setUser("ada", { accessToken: "token 1 of ada", idToken: "i1" });
  auth.setUser("bob", "token 2 of bob");
  expect(await auth.getToken({ user: "ada" })).toBe("token 1 of ada");
  await auth.switchUser("ada");
  expect([await auth.getToken(), await auth.getIdToken()]).toEqual(["token 1 of ada", "i1"]);
  auth.setToken("token 3");
  expect(await auth.getToken()).toBe("token 3");
  expect(await auth.getToken({ user: "bob" })).toBe("token 2 of bob");
});

describe("login() and logout()", () => {
  test("change the state as an app sees it", async () => {
    const auth = fakeAuth({ user: ADA, state: "anonymous" });
    const seen: string[] = [];
    const changes: unknown[] = [];
    auth.subscribe(() => seen.push(auth.state.status));
    auth.onUserChange((previous, next) => changes.push([previous?.sub, next?.sub]));
    expect(await auth.login({ returnTo: "/orders" })).toMatchObject({ sub: "ada" });
    expect(await auth.logout()).toEqual({ server: "told" });
    expect(seen).toEqual(["authenticating", "authenticated", "anonymous"]);
    expect(auth.state).toMatchObject({ reason: "logged_out" });
    expect(changes).toEqual([
      [undefined, "ada"],
      ["ada", undefined],
    ]);
    expect(auth.calls).toMatchObject({ login: [{ returnTo: "/orders" }], logout: [{}] });
  });

  test("a login that fails leaves its error in the state, and a cancelled login leaves nothing", async () => {
    const auth = fakeAuth();
    const error = new NetworkError("offline");
    auth.setLogin(() => Promise.reject(error));
    await expect(auth.login()).rejects.toBe(error);
    expect(auth.state).toMatchObject({ status: "anonymous", reason: "login_failed", error });
    const cancelled = fakeAuth();
    cancelled.setLogin(() => Promise.reject(new CancelledError("the user closed the popup")));
    await expect(cancelled.login()).rejects.toMatchObject({ code: "cancelled" });
    expect(cancelled.state).toMatchObject({ status: "anonymous", reason: "none" });
  });

  test("a login that fails during another login changes no state", async () => {
    const auth = fakeAuth();
    const logins: ((sub: string) => void)[] = [];
    auth.setLogin(() => new Promise<string>((resolve) => logins.push(resolve)));
    const first = auth.login();
    const aborted = async () => {
      const cancel = new AbortController();
      const login = auth.login({ signal: cancel.signal });
      cancel.abort();
      await expect(login).rejects.toMatchObject({ name: "AbortError" });
    };
    await aborted();
    expect(auth.state.status).toBe("authenticating");
    const late = new AbortController();
    const second = auth.login({ signal: late.signal });
    await vi.waitFor(() => expect(logins).toHaveLength(3));
    logins[0]!("ada");
    expect(await first).toMatchObject({ sub: "ada" });
    late.abort();
    await expect(second).rejects.toMatchObject({ name: "AbortError" });
    expect(auth.state).toMatchObject({ status: "authenticated", user: { sub: "ada" } });
    await auth.logout();
    await aborted();
    expect(auth.state).toMatchObject({ status: "anonymous", reason: "logged_out" });
  });

  test.for([
    { parameters: { client_id: "SECRET" } },
    { parameters: { claims: "SECRET" } },
    { prompt: "SECRET" } as object,
  ])("login(%o) rejects as with createAuth(), and the error is in the state", async (options) => {
    const provider = fakeProvider();
    const config = { clientId: "web", redirectUri: "https://app.example.com/cb" };
    const tab = nodeBrowser({ ...config, issuer: provider.issuer, fetch: provider.fetch }).tab();
    const auth = fakeAuth();
    const error = await tab.login(options).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: "configuration" });
    await expect(auth.login(options)).rejects.toEqual(error);
    for (const { state } of [tab, auth])
      expect(state).toMatchObject({ status: "anonymous", reason: "login_failed", error });
  });

  test("several users: users(), switchUser(), forget() and onUserRemoved()", async () => {
    const auth = fakeAuth({ user: ADA });
    const removed: string[] = [];
    const stop = auth.onUserRemoved((sub) => removed.push(sub));
    auth.setLogin(() => ({ sub: "bob", name: "Bob" }));
    await auth.login();
    expect((await auth.users()).map(({ sub }) => sub).sort()).toEqual(["ada", "bob"]);
    await auth.switchUser("ada");
    expect(auth.state).toMatchObject({ reason: "switched", user: { sub: "ada" } });
    expect(await auth.getToken({ user: "bob" })).toBe("token of bob");
    await expect(auth.switchUser("eve")).rejects.toMatchObject({ code: "no_token" });
    await auth.forget("ada");
    expect(auth.state).toMatchObject({ status: "anonymous", reason: "forgotten" });
    await auth.logoutAll();
    stop();
    expect(removed).toEqual(["ada", "bob"]);
    expect(await auth.users()).toEqual([]);
  });
});

test("fetch() sends the token through the global fetch", async () => {
  const send = vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response("ok"));
  try {
    const auth = fakeAuth({ user: "ada", token: "t1" });
    const response = await auth.fetch("https://app.example/api", { method: "POST", body: "x" });
    expect(await response.text()).toBe("ok");
    const [sent] = auth.calls.fetch;
    expect([sent!.method, sent!.headers.get("authorization")]).toEqual(["POST", "Bearer t1"]);
    expect(await sent!.text()).toBe("x");
    await expect(fakeAuth().fetch("https://app.example/api")).rejects.toBeInstanceOf(NoTokenError);
    expect(send).toHaveBeenCalledTimes(1);
  } finally {
    send.mockRestore();
  }
});

test("fetch() rejects when its signal is aborted while the state is `loading`", async () => {
  const auth = fakeAuth({ user: "ada", state: "loading" });
  const controller = new AbortController();
  const sent = auth.fetch("https://app.example/api", { signal: controller.signal });
  controller.abort(new Error("unmounted"));
  await expect(sent).rejects.toThrow("unmounted");
});

test("fetch() rejects for the mode no-cors, and for a token that no header can contain", async () => {
  const send = vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response("ok"));
  try {
    const auth = fakeAuth({ user: "ada", token: "SECRET\nof ada" });
    await expect(auth.fetch("https://app.example/api")).rejects.toMatchObject({
      input: "token",
      message: expect.not.stringContaining("SECRET"),
    });
    const sent = auth.fetch("https://app.example/api", { mode: "no-cors" });
    await expect(sent).rejects.toMatchObject({ code: "configuration", input: "mode" });
    expect(send).not.toHaveBeenCalled();
  } finally {
    send.mockRestore();
  }
});

test("fetch() sends a request once more after a 401 if there is a newer token", async () => {
  const send = vi
    .spyOn(globalThis, "fetch")
    .mockImplementation(async () => new Response(null, { status: 401 }));
  try {
    const auth = fakeAuth({
      user: "ada",
      token: ({ cache }) => (cache === "reload" ? "new" : "old"),
    });
    const response = await auth.fetch("https://app.example/api", { method: "POST", body: "x" });
    expect(response.status).toBe(401);
    const sent = auth.calls.fetch.map(({ headers }) => headers.get("authorization"));
    expect(sent).toEqual(["Bearer old", "Bearer new"]);
    expect(await auth.calls.fetch[1]!.text()).toBe("x");
    await fakeAuth({ user: "ada" }).fetch("https://app.example/api");
    expect(send).toHaveBeenCalledTimes(3);
  } finally {
    send.mockRestore();
  }
});

test("a function can return its token without a promise, also if there is a signal", async () => {
  const auth = fakeAuth({ user: "ada", token: () => "t1" });
  expect(await auth.getToken()).toBe("t1");
  expect(await auth.getToken({ signal: new AbortController().signal })).toBe("t1");
});

test("listeners are counted until they are removed", () => {
  const auth = fakeAuth();
  const stop = auth.subscribe(() => {});
  expect(auth.listeners).toBe(1);
  stop();
  stop();
  expect(auth.listeners).toBe(0);
});

test("the methods work without their object, and `await using` works", async () => {
  await using auth = fakeAuth({ user: "ada" });
  expect(await auth.getToken.call(undefined)).toBe("token of ada");
  await auth.login.call(undefined);
  auth.start();
  expect(await auth.handleCallback("https://app.example/?code=1")).toBeUndefined();
});

test.for<[string, unknown, string]>([
  ["an unknown option", { users: [] }, "users"],
  ["no object", null, "fakeAuth()"],
  ["a user without sub", { user: { name: "Ada" } }, "user"],
  ["an empty sub", { user: "" }, "user"],
  ["a number as token", { token: 7 }, "token"],
  ["an unknown member of token", { token: { access_token: "SECRET" } }, "access_token"],
  ["an access token that is no text", { token: { accessToken: 5 } }, "accessToken"],
  ["an empty access token", { token: { accessToken: "" } }, "accessToken"],
  ["a scope that is no list", { token: { scope: "SECRET" } }, "scope"],
  ["a list of numbers as scope", { token: { scope: [1] } }, "scope"],
  ["a time that is no number", { token: { expiresAt: "SECRET" } }, "expiresAt"],
  ["an unknown freshness", { token: { freshness: "old" } }, "freshness"],
  ["unavailable without an error", { state: { status: "unavailable" } }, "state"],
  ["expired without a reason", { state: { status: "expired" } }, "state"],
  [
    "expired with a user without sub",
    { state: { status: "expired", reason: "user_needed", user: { name: "SECRET" } } },
    "state",
  ],
  [
    "authenticated with a user without sub",
    { state: { status: "authenticated", user: {}, token: TOKEN } },
    "state",
  ],
  [
    "authenticated with a token without a time",
    {
      state: { status: "authenticated", user: { sub: "ada" }, token: { ...TOKEN, expiresAt: NaN } },
    },
    "state",
  ],
  ["an unknown status", { state: "signed_in" }, "state"],
  ["authenticated without a user", { state: { status: "authenticated" } }, "state"],
])("bad input: %s is a ConfigurationError that names it", ([, config, input]) => {
  const error = ((): unknown => {
    try {
      return fakeAuth(config as FakeAuthConfig);
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toMatchObject({ code: "configuration", input });
  expect((error as Error).message).not.toContain("SECRET");
});

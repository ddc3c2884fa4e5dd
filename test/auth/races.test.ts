import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { InvalidResponseError, NetworkError, StorageError } from "../../src/core/errors.ts";
import { AuthorizationError } from "../../src/core/protocol-errors.ts";
import { sessionKey } from "../../src/core/keys.ts";
import { storeLogin, type StoreLoginParts } from "../../src/auth/login/store-login.ts";
import { ADA, responseOf, CLIENT, expiredRow, KEY, settle, testClock } from "../refresh/tabs.ts";
import {
  goodRow,
  loginResponse,
  REDIRECT_URI,
  remember,
  world,
  type World,
  STATE,
} from "./fixture.ts";

/** Two tabs, two instances or a store that fails halfway do not damage a session. */

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const RESPONSE = `${REDIRECT_URI}?code=c&state=${STATE}`;
const GRACE = sessionKey(CLIENT, "grace");

const tokensOf = (sub: string) => loginResponse({ user: { sub, claims: { sub } } });

function partsOf(my: World, tab: string): StoreLoginParts {
  let ids = 0;
  return {
    client: CLIENT,
    tab,
    sessions: my.store,
    users: my.users,
    channel: my.channel,
    random: { id: () => `${tab}-${++ids}`, fraction: () => 0 },
    clock: testClock,
  };
}

describe("a login that failed", () => {
  test("does not stop getToken() from starting a login once the user has logged in and out", async () => {
    const my = world();
    my.page.url = `${REDIRECT_URI}?error=access_denied&state=${STATE}`;
    my.page.mayNavigate = true;
    my.server.exchange = () =>
      Promise.reject(new AuthorizationError({ error: "access_denied" }, "x"));
    const auth = my.tab();
    auth.start();
    await settle();
    my.server.exchange = async () => loginResponse();
    my.navigate = async () => RESPONSE;
    await auth.login();
    await auth.logout({ endSession: "none" });
    await vi.advanceTimersByTimeAsync(2_000);
    my.page.act();
    expect(await auth.getToken()).toBe("at1");
    expect(my.roundTrips).toHaveLength(2);
  });

  test("during a valid session does not stop getToken() from starting a login when the session ends", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    my.page.url = RESPONSE;
    my.page.mayNavigate = true;
    my.server.exchange = () => Promise.reject(new InvalidResponseError("state", "old", "x"));
    const auth = my.tab();
    auth.start();
    expect(await auth.getToken()).toBe("at1");
    await vi.advanceTimersByTimeAsync(3_600_000);
    my.refreshes.push({ type: "invalid_grant" });
    auth.getToken().catch(() => {});
    await vi.advanceTimersByTimeAsync(10);
    expect(my.roundTrips).toHaveLength(1);
  });

  test("because of the network is completed by the next getToken()", async () => {
    const my = world();
    my.page.url = RESPONSE;
    my.page.mayNavigate = true;
    my.server.exchange = vi
      .fn(async () => loginResponse())
      .mockRejectedValueOnce(new NetworkError("offline"));
    const auth = my.tab();
    auth.start();
    await settle();
    expect(auth.state).toMatchObject({ status: "anonymous", error: { code: "network" } });
    expect(await auth.getToken()).toBe("at1");
    expect(my.roundTrips).toHaveLength(0);
  });

  test("because the user could not be fetched is completed without sending the code again", async () => {
    const my = world();
    my.page.url = RESPONSE;
    const { user: _, ...nameless } = loginResponse();
    my.server.exchange = vi.fn(async () => nameless);
    const down = new NetworkError("offline");
    my.fetchUser = () => Promise.reject(down);
    const auth = my.tab();
    const first = auth.handleCallback().catch((error: unknown) => error);
    await vi.dynamicImportSettled();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await first).toBe(down);
    my.fetchUser = async () => ({ sub: ADA, claims: {} });
    expect((await auth.handleCallback())?.user).toMatchObject({ sub: ADA });
    expect(my.server.exchange).toHaveBeenCalledTimes(1);
  });

  test("keeps its error in the state after a silent call found no user", async () => {
    const my = world();
    my.page.url = `${REDIRECT_URI}?error=access_denied&state=${STATE}`;
    my.server.exchange = () =>
      Promise.reject(new AuthorizationError({ error: "access_denied" }, "x"));
    const auth = my.tab();
    auth.start();
    await expect(auth.getToken({ prompt: "none" })).rejects.toMatchObject({ code: "no_token" });
    expect(auth.state).toMatchObject({ status: "anonymous", error: { code: "authorization" } });
  });

  test("because there are no locks does not leave the state authenticating", async () => {
    const my = world();
    my.page.url = RESPONSE;
    vi.spyOn(my.locks, "request").mockRejectedValueOnce(new Error("no locks"));
    const auth = my.tab();
    auth.start();
    await settle();
    expect(auth.state.status).toBe("anonymous");
  });
});

describe("a login in progress", () => {
  test.for(["dispose() and start()", "handleCallback() by hand"])(
    "is awaited by getToken(), also after %s",
    async (how) => {
      const my = world();
      my.page.mayNavigate = true;
      let response = () => {};
      my.server.exchange = () =>
        new Promise((resolve) => (response = () => resolve(loginResponse())));
      if (how.startsWith("dispose")) my.page.url = RESPONSE;
      const auth = my.tab();
      auth.start();
      await settle();
      if (how.startsWith("dispose")) {
        auth.dispose();
        auth.start();
      } else {
        void auth.handleCallback(RESPONSE);
      }
      await settle();
      const token = auth.getToken();
      await settle();
      expect(my.roundTrips).toHaveLength(0);
      response();
      expect(await token).toBe("at1");
    },
  );

  test("is not ended by a message of another tab", async () => {
    const my = world();
    my.page.url = RESPONSE;
    my.server.exchange = () => new Promise(() => {});
    const auth = my.tab();
    auth.start();
    await settle();
    my.channel.post({
      protocol: 2,
      key: "grace",
      from: "other",
      sessionId: "s",
      type: "user",
      what: "logout",
    });
    await settle();
    expect(auth.state.status).toBe("authenticating");
  });
});

describe("a login as another user", () => {
  test("does not end a newer login of the first user", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    const put = my.users.putDefault.bind(my.users);
    let goOn = () => {};
    const held = new Promise<void>((resolve) => (goOn = resolve));
    vi.spyOn(my.users, "putDefault").mockImplementationOnce(async (sub) => {
      await put(sub);
      await held;
    });
    const grace = storeLogin(partsOf(my, "a"), tokensOf("grace"), tokensOf("grace").user!);
    await settle();
    await storeLogin(partsOf(my, "b"), tokensOf(ADA), tokensOf(ADA).user!);
    goOn();
    await grace;
    expect(await my.users.getActive()).toMatchObject({ sub: ADA, row: { end: null } });
  });
});

describe("a message that did not arrive", () => {
  test("about a login does not cause a second login", async () => {
    const my = world();
    my.page.mayNavigate = true;
    const auth = my.tab();
    auth.start();
    await settle();
    await remember(my, expiredRow());
    my.refreshes.push(responseOf(2));
    expect(await auth.getToken()).toBe("at2");
    expect(my.roundTrips).toHaveLength(0);
  });

  test("about another user changes nothing: the token is that of this tab's user", async () => {
    const my = world();
    await remember(my, goodRow(expiredRow()));
    const auth = my.tab();
    auth.start();
    expect(await auth.getToken()).toBe("at1");
    const user = { sub: "grace", claims: {} };
    await my.store.update(GRACE, () => {
      const row = goodRow({ ...expiredRow(), generation: 20 });
      return { ...row, sessionId: "grace", tokens: { ...(row.tokens as object), user } };
    });
    await my.users.putDefault("grace");
    my.refreshes.push(responseOf(2), responseOf(22));
    expect(await auth.getToken({ cache: "reload" })).toBe("at2");
    expect(my.sends).toBe(1);
    expect((await my.store.get(KEY))!.generation).toBe(2);
    expect((await my.store.get(GRACE))!.generation).toBe(20);
    expect(auth.state).toMatchObject({ user: { sub: ADA } });
  });
});

test("a logout whose store cannot be read returns no token, and revokes once the store can be read", async () => {
  const my = world();
  await remember(my, goodRow(expiredRow()));
  const auth = my.tab();
  auth.start();
  await settle();
  my.server.revoke = vi.fn(async () => {});
  const get = vi.spyOn(my.store, "get").mockRejectedValue(new StorageError("busy"));
  vi.spyOn(my.users, "getActive").mockRejectedValue(new StorageError("busy"));
  await auth.logout();
  expect(auth.state).toMatchObject({ status: "anonymous" });
  await expect(auth.getToken()).rejects.toBeInstanceOf(StorageError);
  // The user may have logged in again: nothing is revoked until the store can be read.
  expect(my.server.revoke).not.toHaveBeenCalled();
  get.mockRestore();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(my.server.revoke).toHaveBeenCalledTimes(1);
});

test("a session row of a newer Latchkey version of any shape rejects with ConfigurationError", async () => {
  const my = world();
  await remember(my, { version: 3 } as never);
  const auth = my.tab();
  auth.start();
  for (const call of [auth.getToken, auth.getUser, auth.logout]) {
    await expect(call()).rejects.toMatchObject({ code: "configuration", input: "session" });
  }
});

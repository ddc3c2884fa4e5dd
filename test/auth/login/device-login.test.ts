import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { AuthState } from "../../../src/core/auth-state.ts";
import { NetworkError } from "../../../src/core/errors.ts";
import { tokenSet } from "../../../src/core/token-set.ts";
import { UserFetchError } from "../../../src/core/user-fetch-error.ts";
import { approval, deviceWorld, INTERVAL_MS, refusal, stored } from "../../grants/device.ts";
import { ADA, responseOf, expiredRow, KEY, settle } from "../../refresh/tabs.ts";
import { goodRow, remember, world } from "../fixture.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Creates tabs that log in with the device flow. */
function setUp() {
  const my = world();
  const device = deviceWorld();
  device.locks = my.locks;
  my.page.mayNavigate = true;
  const tab = () => {
    const { grant, shown } = device.tab();
    const auth = my.tab(grant);
    auth.start();
    return { auth, shown };
  };
  return { my, device, tab };
}

const wait = async (ms: number) => {
  await vi.dynamicImportSettled();
  await settle();
  await vi.advanceTimersByTimeAsync(ms);
};
const outcome = (work: Promise<unknown>) => work.catch((error: unknown) => error);

describe("getToken()", () => {
  test("starts a device login for a user without a session, and the state is authenticating meanwhile", async () => {
    const { my, device, tab } = setUp();
    const { auth, shown } = tab();
    const states: AuthState["status"][] = [];
    auth.subscribe(() => states.push(auth.state.status));
    const tokens = Promise.all([auth.getToken(), auth.getToken()]);
    await wait(0);
    const later = auth.getToken();
    await wait(1_000);
    expect(shown).toMatchObject([{ userCode: "CODE-1", statuses: ["waiting"] }]);
    expect(auth.state).toMatchObject({ status: "authenticating" });
    device.replies.push(approval());
    await wait(INTERVAL_MS);
    expect([...(await tokens), await later]).toEqual(["at1", "at1", "at1"]);
    expect(states).toEqual(["anonymous", "authenticating", "authenticated"]);
    expect(device.asked).toEqual([{}]);
    expect(shown).toMatchObject([{ statuses: ["waiting", "approved"] }]);
    expect(await device.requests.getAllKeys()).toEqual([]);
    expect(await my.store.get(KEY)).toMatchObject({ renewable: true });
    expect(my.page.navigations).toEqual([]);
    expect(my.roundTrips).toMatchObject([{ closed: true }]);
  });

  test("shows nothing with prompt none, or on a page that is not visible", async () => {
    const { my, device, tab } = setUp();
    const { auth, shown } = tab();
    await expect(auth.getToken({ prompt: "none" })).rejects.toMatchObject({ code: "no_token" });
    my.page.mayNavigate = false;
    await expect(auth.getToken()).rejects.toMatchObject({ code: "no_token" });
    expect([device.asked, shown]).toEqual([[], []]);
  });

  test("shows nothing when a background refresh ends the session, until the next call", async () => {
    const { my, device, tab } = setUp();
    await remember(my, goodRow(expiredRow()));
    const { auth, shown } = tab();
    await auth.getToken();
    await vi.advanceTimersByTimeAsync(41_000);
    my.refreshes.push({ type: "invalid_grant" });
    expect(await auth.getToken()).toBe("at1");
    await wait(0);
    expect(auth.state).toMatchObject({ status: "expired", reason: "session_ended" });
    expect([device.asked, shown]).toEqual([[], []]);
    const token = auth.getToken();
    device.replies.push(approval());
    await wait(INTERVAL_MS);
    expect(await token).toBe("at1");
    expect(shown).toHaveLength(1);
    expect(auth.state).toMatchObject({ status: "authenticated", user: { sub: ADA } });
  });

  test("refreshes the tokens of a device login without the user", async () => {
    const { my, device, tab } = setUp();
    const { auth, shown } = tab();
    device.replies.push(approval());
    const token = auth.getToken();
    await wait(INTERVAL_MS);
    await token;
    my.refreshes.push(responseOf(2));
    expect(await auth.getToken({ cache: "reload" })).toBe("at2");
    expect(shown).toHaveLength(1);
  });

  test("removes the code when the caller aborts", async () => {
    const { device, tab } = setUp();
    const { auth, shown } = tab();
    const leave = new AbortController();
    const token = outcome(auth.getToken({ signal: leave.signal }));
    await wait(1_000);
    expect(await stored(device)).toContain("secret-1");
    const reason = new Error("aborted");
    leave.abort(reason);
    expect(await token).toBe(reason);
    await wait(0);
    expect(shown).toMatchObject([{ statuses: ["waiting", "cancelled"] }]);
    expect(await device.requests.getAllKeys()).toEqual([]);
    expect(auth.state).toMatchObject({ status: "anonymous" });
  });

  test("keeps the code on screen when only one of two callers aborts", async () => {
    const { device, tab } = setUp();
    const { auth, shown } = tab();
    const leave = new AbortController();
    const first = outcome(auth.getToken({ signal: leave.signal }));
    await wait(0);
    const second = auth.getToken();
    await wait(1_000);
    leave.abort(new Error("aborted"));
    await first;
    await wait(0);
    device.replies.push(approval());
    await wait(INTERVAL_MS);
    expect(await second).toBe("at1");
    expect(shown.at(-1)!.statuses).toEqual(["waiting", "approved"]);
  });

  test("does not start another login after the user denied the first one", async () => {
    const { device, tab } = setUp();
    const { auth, shown } = tab();
    device.replies.push(refusal("access_denied"));
    const first = outcome(auth.getToken());
    await wait(INTERVAL_MS);
    const reason = { code: "device_code", reason: "access_denied" };
    expect(await first).toMatchObject(reason);
    expect(auth.state).toMatchObject({ status: "anonymous", error: reason });
    expect(await outcome(auth.getToken())).toMatchObject({ code: "no_token", cause: reason });
    expect(shown).toHaveLength(1);
  });
});

describe("login()", () => {
  test("resolves with the user, and closes its round trip", async () => {
    const { my, device, tab } = setUp();
    const { auth } = tab();
    device.replies.push(approval());
    const user = auth.login();
    await wait(INTERVAL_MS);
    expect(await user).toMatchObject({ sub: ADA });
    expect(my.roundTrips).toMatchObject([{ closed: true }]);
  });

  test("continues after a reload with the code that getToken() showed", async () => {
    const { device, tab } = setUp();
    const leave = new AbortController();
    const gone = tab();
    void outcome(gone.auth.getToken({ signal: leave.signal }));
    await wait(1_000);
    const record = await stored(device);
    const [id] = await device.requests.getAllKeys();
    leave.abort();
    await wait(0);
    await device.requests.set(id!, record);
    const { auth, shown } = tab();
    const user = auth.login({ returnTo: "/x", loginHint: "ada" });
    await wait(0);
    expect(shown).toMatchObject([{ userCode: "CODE-1" }]);
    device.replies.push(approval());
    await wait(INTERVAL_MS);
    expect(await user).toMatchObject({ sub: ADA });
  });

  test("rejects when the user dismisses it, and can be started again", async () => {
    const { device, tab } = setUp();
    const { auth, shown } = tab();
    const first = outcome(auth.login());
    await wait(0);
    shown[0]!.dismiss();
    expect(await first).toMatchObject({ code: "cancelled" });
    const second = auth.login();
    await wait(0);
    expect(shown).toMatchObject([{ userCode: "CODE-1" }, { userCode: "CODE-2" }]);
    device.replies.push(approval());
    await wait(INTERVAL_MS);
    expect(await second).toMatchObject({ sub: ADA });
  });
});

describe("a response without a user", () => {
  const ada = { sub: ADA, claims: {} };
  const nameless = () => {
    const { user: _, idToken: __, ...response } = approval();
    return tokenSet(response);
  };
  const down = new UserFetchError("the userinfo endpoint returned 503", {
    hint: "x",
    status: 503,
    retryable: true,
  });

  test("is not lost when the user fetcher fails temporarily", async () => {
    const { my, device, tab } = setUp();
    const fetchUser = vi
      .fn(async () => ada)
      .mockRejectedValueOnce(new NetworkError("offline"))
      .mockRejectedValueOnce(down);
    my.fetchUser = fetchUser;
    const { auth, shown } = tab();
    device.replies.push(nameless());
    const token = auth.getToken();
    await wait(INTERVAL_MS);
    await wait(5_000);
    expect(await token).toBe("at1");
    expect(fetchUser).toHaveBeenCalledTimes(3);
    expect(shown).toHaveLength(1);
    expect(auth.state).toMatchObject({ status: "authenticated", user: { sub: ADA } });
  });

  test("is given up when the user fetcher fails for long, when it refuses, and when the caller aborts", async () => {
    const { my, device, tab } = setUp();
    my.fetchUser = vi.fn(() => Promise.reject(down));
    const { auth } = tab();
    device.replies.push(nameless());
    const first = outcome(auth.login());
    await wait(INTERVAL_MS);
    await wait(20_000);
    expect(await first).toBe(down);
    expect(my.fetchUser).toHaveBeenCalledTimes(5);

    const refused = new UserFetchError("no", { hint: "x", status: 403 });
    my.fetchUser = () => Promise.reject(refused);
    device.replies.push(nameless());
    const second = outcome(auth.login());
    await wait(INTERVAL_MS);
    expect(await second).toBe(refused);

    my.fetchUser = vi.fn(() => Promise.reject(down));
    device.replies.push(nameless());
    const leave = new AbortController();
    const third = outcome(auth.login({ signal: leave.signal }));
    await wait(INTERVAL_MS);
    leave.abort(new Error("enough"));
    expect(await third).toMatchObject({ message: "enough" });
    await wait(20_000);
    expect(my.fetchUser).toHaveBeenCalledTimes(1);
  });
});

describe("two tabs", () => {
  test.for(["getToken", "login"] as const)(
    "show one code, and %s() in both resolves with the session that the first tab stored",
    async (call) => {
      const { device, tab } = setUp();
      const [a, b] = [tab(), tab()];
      const first = a.auth.getToken();
      await wait(0);
      const second = b.auth[call]();
      await wait(2_000);
      expect([a.shown, b.shown]).toMatchObject([
        [{ userCode: "CODE-1" }],
        [{ userCode: "CODE-1" }],
      ]);
      device.replies.push(approval());
      await wait(INTERVAL_MS);
      expect(await first).toBe("at1");
      expect(await second).toEqual(
        call === "login" ? expect.objectContaining({ sub: ADA }) : "at1",
      );
      expect([a.auth.state, b.auth.state]).toMatchObject([
        { status: "authenticated", token: { origin: "this-tab" } },
        { status: "authenticated", token: { origin: "other-tab" } },
      ]);
      expect(device.polls).toHaveLength(1);
      expect(b.shown).toMatchObject([{ statuses: ["waiting", "approved"] }]);
      await wait(0);
      expect(await device.requests.getAllKeys()).toEqual([]);
    },
  );

  test("the second rejects with NoTokenError when the first could not store its tokens", async () => {
    const { my, device, tab } = setUp();
    const [a, b] = [tab(), tab()];
    const first = outcome(a.auth.getToken());
    await wait(0);
    const second = outcome(b.auth.getToken());
    await wait(2_000);
    vi.spyOn(my.store, "update").mockRejectedValue(new Error("full"));
    device.replies.push(approval());
    await wait(INTERVAL_MS);
    expect(await first).toEqual(new Error("full"));
    expect(await second).toMatchObject({ code: "no_token" });
  });

  test("the second finds the session when it received no message", async () => {
    const { device, tab } = setUp();
    const [a, b] = [tab(), tab()];
    void outcome(a.auth.getToken());
    await wait(0);
    const second = b.auth.login();
    await wait(2_000);
    b.auth.dispose();
    device.replies.push(approval());
    await wait(INTERVAL_MS);
    expect(await second).toMatchObject({ sub: ADA });
  });

  test("a failed login is not mistaken for the session that was stored before", async () => {
    const { my, device, tab } = setUp();
    await remember(my, goodRow(expiredRow()));
    const [a, b] = [tab(), tab()];
    await wait(0);
    const first = outcome(a.auth.login());
    await wait(0);
    const second = outcome(b.auth.login());
    await wait(2_000);
    const update = vi.spyOn(my.store, "update").mockRejectedValue(new Error("full"));
    device.replies.push(approval());
    await wait(INTERVAL_MS);
    expect([await first, await second]).toMatchObject([{ message: "full" }, { code: "no_token" }]);
    expect(update).toHaveBeenCalled();
    expect(b.auth.state).toMatchObject({ status: "authenticated" });
  });

  test("both reject when the user denies the login", async () => {
    const { device, tab } = setUp();
    const [a, b] = [tab(), tab()];
    const calls = [outcome(a.auth.getToken()), outcome(b.auth.getToken())];
    await wait(2_000);
    device.replies.push(refusal("access_denied"));
    await wait(INTERVAL_MS);
    const reason = { code: "device_code", reason: "access_denied" };
    expect(await Promise.all(calls)).toMatchObject([reason, reason]);
    expect(device.asked).toHaveLength(1);
  });
});

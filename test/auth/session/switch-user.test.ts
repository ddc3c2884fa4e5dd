import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
// These modules are loaded before the fake clock starts.
import "../../../src/auth/users/users.ts";
import "../../../src/auth/session/presence.ts";
import { StorageError } from "../../../src/core/errors.ts";
import { ADA, settle } from "../../refresh/tabs.ts";
import type { World } from "../fixture.ts";
import { GRACE, guest, two } from "../two-users.ts";

/** Other calls run while a tab switches to another user. */

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

async function started(my: World) {
  const auth = my.tab();
  auth.start();
  await settle();
  return auth;
}

describe("a failed switchUser() changes nothing", () => {
  test("when the session has no open tab, and deletes the session", async () => {
    const my = await two();
    await my.store.update(GRACE, () => guest("grace"));
    const auth = await started(my);
    const outcome = expect(auth.switchUser("grace")).rejects.toMatchObject({ code: "no_token" });
    await vi.advanceTimersByTimeAsync(3_000);
    await outcome;
    expect(await my.store.get(GRACE)).toBeUndefined();
    expect(auth.state).toMatchObject({ user: { sub: ADA } });
    expect((await my.users.getActive()).sub).toBe(ADA);
  });

  test("when the user is forgotten meanwhile", async () => {
    const my = await two();
    const [auth, other] = [await started(my), await started(my)];
    const get = my.store.get.bind(my.store);
    const update = my.store.update.bind(my.store);
    vi.spyOn(my.store, "update").mockImplementationOnce(async (key, change) => {
      const row = await update(key, change);
      vi.spyOn(my.store, "get").mockImplementationOnce(async (asked) => {
        const before = await get(asked);
        await other.forget("grace");
        return before;
      });
      return row;
    });
    await expect(auth.switchUser("grace")).rejects.toMatchObject({ code: "no_token" });
    await settle();
    expect((await my.users.getActive()).sub).toBe(ADA);
    expect(auth.state).toMatchObject({ user: { sub: ADA } });
    expect(await auth.getToken()).toBe("at-ada");
  });

  test("when the session cannot be read at the end", async () => {
    const my = await two();
    const auth = await started(my);
    const update = my.store.update.bind(my.store);
    const get = vi.spyOn(my.store, "get");
    vi.spyOn(my.store, "update").mockImplementationOnce(async (...change) => {
      const row = await update(...change);
      get.mockRejectedValueOnce(new StorageError("gone"));
      return row;
    });
    await expect(auth.switchUser("grace")).rejects.toMatchObject({ code: "storage" });
    expect(auth.state).toMatchObject({ user: { sub: ADA } });
    expect(await auth.getToken()).toBe("at-ada");
    expect(await auth.getUser()).toMatchObject({ sub: ADA });
    expect((await my.users.getActive()).sub).toBe(ADA);
  });

  test("when the default user cannot be written", async () => {
    const my = await two();
    const auth = await started(my);
    const users = await my.users.users();
    const putDefault = () => Promise.reject(new StorageError("full"));
    vi.spyOn(Object.getPrototypeOf(my.users) as typeof my.users, "users").mockResolvedValue({
      ...users,
      putDefault,
    });
    await expect(auth.switchUser("grace")).rejects.toMatchObject({ code: "storage" });
    expect(auth.state).toMatchObject({ user: { sub: ADA } });
    expect(await auth.getToken()).toBe("at-ada");
  });
});

test("the last of two switches wins, however slow the first one is", async () => {
  const my = await two();
  const auth = await started(my);
  const open = my.store.open.bind(my.store);
  vi.spyOn(my.store, "open").mockImplementationOnce(async (tokens) => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return open(tokens);
  });
  const switches = Promise.all([auth.switchUser(ADA), auth.switchUser("grace")]);
  await vi.advanceTimersByTimeAsync(1_000);
  await switches;
  expect(auth.state).toMatchObject({ user: { sub: "grace" } });
  expect((await my.users.getActive()).sub).toBe("grace");
});

test("a failed switch does not block the next one", async () => {
  const auth = await started(await two());
  const outcome = expect(auth.switchUser("linus")).rejects.toMatchObject({ code: "no_token" });
  await auth.switchUser("grace");
  await outcome;
  expect(auth.state).toMatchObject({ user: { sub: "grace" } });
});

test("a switch to a user whose session ended leads to the state expired", async () => {
  const my = await two();
  await my.store.update(GRACE, (row) => ({
    ...row!,
    end: { reason: "session_ended", sequence: 1 },
    access: {},
    tokens: null,
  }));
  const auth = await started(my);
  await auth.switchUser("grace");
  expect(auth.state).toMatchObject({ status: "expired", reason: "session_ended" });
});

test.for(["logout", "forget"] as const)(
  "a page that switched to another user does not navigate for the %s of the first user",
  async (how) => {
    const my = await two();
    const auth = await started(my);
    let response = () => {};
    my.server.endSession = () =>
      new Promise((resolve) => (response = () => resolve("https://id.example/end")));
    const out = how === "forget" ? auth.forget(ADA) : auth.logout();
    await settle();
    await auth.switchUser("grace");
    response();
    await out;
    expect(my.page.navigations).toEqual([]);
    expect(auth.state).toMatchObject({ user: { sub: "grace" } });
  },
);

test("a logout does not show the state anonymous in a tab that switched users meanwhile", async () => {
  const my = await two();
  const auth = await started(my);
  const shown: string[] = [];
  const update = my.store.update.bind(my.store);
  vi.spyOn(my.store, "update").mockImplementationOnce(async (...change) => {
    const row = await update(...change);
    await auth.switchUser("grace");
    auth.subscribe(() => shown.push(auth.state.status));
    return row;
  });
  await auth.logout();
  expect(shown).not.toContain("anonymous");
  expect(auth.state).toMatchObject({ user: { sub: "grace" } });
});

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
// These modules are loaded before the fake clock starts.
import "../../../src/auth/users/users.ts";
import "../../../src/auth/session/presence.ts";
import { settle } from "../../refresh/tabs.ts";
import { world } from "../fixture.ts";
import { GRACE, guest, rowOf, two } from "../two-users.ts";

/** A session is not remembered, and all of its tabs are closed. */

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

async function abandoned() {
  const my = await two();
  await my.store.update(GRACE, () => guest("grace"));
  return my;
}

/** Grace is the default user, and no other user has a session. */
async function alone() {
  const my = world();
  await my.store.update(GRACE, () => guest("grace"));
  await my.users.putDefault("grace");
  return my;
}

describe("a session without an open tab does not come back", () => {
  test("through two concurrent getToken({ user }) calls", async () => {
    const my = await abandoned();
    const auth = my.tab();
    const tokens = [1, 2].map(() => auth.getToken({ user: "grace", prompt: "none" }));
    const settled = Promise.allSettled(tokens);
    await vi.advanceTimersByTimeAsync(3_000);
    for (const { status } of await settled) expect(status).toBe("rejected");
    expect(await my.store.get(GRACE)).toBeUndefined();
  });

  test("through two users() calls", async () => {
    const my = await abandoned();
    const auth = my.tab();
    void auth.users();
    void auth.users();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(await my.store.get(GRACE)).toBeUndefined();
  });

  test.for([0, 300, 999, 1_000, 1_001])(
    "through a tab that starts %d ms after another one",
    async (ms) => {
      const my = await alone();
      const [a, b] = [my.tab(), my.tab()];
      a.start();
      if (ms > 0) await vi.advanceTimersByTimeAsync(ms);
      b.start();
      await vi.advanceTimersByTimeAsync(3_000);
      expect([a.state, b.state]).toMatchObject([{ status: "anonymous" }, { status: "anonymous" }]);
      expect(await my.store.get(GRACE)).toBeUndefined();
    },
  );

  test("through a tab that starts while another tab deletes it", async () => {
    const my = await alone();
    const update = my.store.update.bind(my.store);
    const [a, b] = [my.tab(), my.tab()];
    vi.spyOn(my.store, "update").mockImplementationOnce(async (key, change) => {
      b.start();
      await settle();
      return update(key, change);
    });
    a.start();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(b.state).toMatchObject({ status: "anonymous" });
    await expect(b.getToken({ prompt: "none" })).rejects.toMatchObject({ code: "no_token" });
  });
});

test("tabs check for open tabs at the same time, not one after the other", async () => {
  const my = await alone();
  const tabs = [my.tab(), my.tab(), my.tab()];
  for (const tab of tabs) tab.start();
  await vi.advanceTimersByTimeAsync(1_050);
  for (const tab of tabs) expect(tab.state).toMatchObject({ status: "anonymous" });
});

test("a tab reads the session again that changed during the check", async () => {
  const my = await alone();
  const auth = my.tab();
  auth.start();
  await vi.advanceTimersByTimeAsync(500);
  void my.locks.request(
    `present/${GRACE.split("/")[1]}/grace`,
    { mode: "shared" },
    () => new Promise(() => {}),
  );
  await my.store.update(GRACE, (row) => {
    const { tokens } = rowOf("grace");
    return {
      ...row!,
      generation: 9,
      access: Object.fromEntries(
        Object.entries(row!.access).map(([target, entry]) => [target, { ...entry, generation: 9 }]),
      ),
      tokens: JSON.parse(JSON.stringify(tokens).replace("at-grace", "at-newer")) as unknown,
    };
  });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await auth.getToken()).toBe("at-newer");
});

test("a user who logs in during a tab's check is signed in in that tab, too", async () => {
  const my = await alone();
  const auth = my.tab();
  auth.start();
  await vi.advanceTimersByTimeAsync(500);
  await my.store.update(GRACE, () => ({ ...guest("grace"), sessionId: "newer" }));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(auth.state).toMatchObject({ user: { sub: "grace" } });
  expect(await my.users.getActive()).toMatchObject({ sub: "grace", row: { sessionId: "newer" } });
});

test("there is no default user after the session was deleted, also by a tab of another user", async () => {
  const my = await abandoned();
  const auth = my.tab();
  auth.start();
  await settle();
  await my.users.putDefault("grace");
  void auth.users();
  await vi.advanceTimersByTimeAsync(3_000);
  expect(await my.store.get(GRACE)).toBeUndefined();
  expect(await my.users.getActive()).toEqual({});
});

test("the tokens of the deleted session are discarded, and those of a newer login are not", async () => {
  const my = await alone();
  const discard = vi.fn();
  Object.assign(my.store, { discard });
  const { tokens } = (await my.store.get(GRACE))!;
  my.tab().start();
  await vi.advanceTimersByTimeAsync(3_000);
  expect(discard).toHaveBeenCalledExactlyOnceWith(tokens);
  await my.store.update(GRACE, () => guest("grace"));
  await my.users.putDefault("grace");
  my.tab().start();
  await vi.advanceTimersByTimeAsync(500);
  await my.store.update(GRACE, () => ({ ...guest("grace"), sessionId: "newer" }));
  await vi.advanceTimersByTimeAsync(3_000);
  expect(discard).toHaveBeenCalledTimes(1);
});

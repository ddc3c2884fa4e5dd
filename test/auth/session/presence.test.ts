import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
// Loaded before time stands still.
import "../../../src/auth/users/users.ts";
import "../../../src/auth/session/presence.ts";
import { settle } from "../../refresh/tabs.ts";
import { world } from "../fixture.ts";
import { GRACE, guest, rowOf, two } from "../two-users.ts";

/** Of a session that is not remembered, and whose tabs are all closed. */

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

async function left() {
  const my = await two();
  await my.store.update(GRACE, () => guest("grace"));
  return my;
}

/** Grace is the default user, and nobody else is here. */
async function alone() {
  const my = world();
  await my.store.update(GRACE, () => guest("grace"));
  await my.users.putDefault("grace");
  return my;
}

describe("a session that was left does not come back", () => {
  test("through two getToken({ user }) at once", async () => {
    const my = await left();
    const auth = my.tab();
    const tokens = [1, 2].map(() => auth.getToken({ user: "grace", prompt: "none" }));
    const settled = Promise.allSettled(tokens);
    await vi.advanceTimersByTimeAsync(3_000);
    for (const { status } of await settled) expect(status).toBe("rejected");
    expect(await my.store.get(GRACE)).toBeUndefined();
  });

  test("through users() twice", async () => {
    const my = await left();
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
      expect([a.state, b.state]).toEqual([{ status: "anonymous" }, { status: "anonymous" }]);
      expect(await my.store.get(GRACE)).toBeUndefined();
    },
  );

  test("through a tab that looks in the moment in which another one deletes it", async () => {
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
    expect(b.state).toEqual({ status: "anonymous" });
    await expect(b.getToken({ prompt: "none" })).rejects.toMatchObject({ code: "no_token" });
  });
});

test("tabs look at the same time, not one after the other", async () => {
  const my = await alone();
  const tabs = [my.tab(), my.tab(), my.tab()];
  for (const tab of tabs) tab.start();
  await vi.advanceTimersByTimeAsync(1_050);
  for (const tab of tabs) expect(tab.state).toEqual({ status: "anonymous" });
});

test("a tab reads what became of the session while it looked", async () => {
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

test("who signed in while a tab looked is let in there, too", async () => {
  const my = await alone();
  const auth = my.tab();
  auth.start();
  await vi.advanceTimersByTimeAsync(500);
  await my.store.update(GRACE, () => ({ ...guest("grace"), sessionId: "newer" }));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(auth.state).toMatchObject({ user: { sub: "grace" } });
  expect(await my.users.getActive()).toMatchObject({ sub: "grace", row: { sessionId: "newer" } });
});

test("nobody is the default user after a session that was left, whomever the tab is for that found it", async () => {
  const my = await left();
  const auth = my.tab();
  auth.start();
  await settle();
  await my.users.putDefault("grace");
  void auth.users();
  await vi.advanceTimersByTimeAsync(3_000);
  expect(await my.store.get(GRACE)).toBeUndefined();
  expect(await my.users.getActive()).toEqual({});
});

test("of a session that was left its tokens are let go, and not those of a newer login", async () => {
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

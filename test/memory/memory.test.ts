import { describe, expect, test } from "vitest";
import type { TabMessage } from "../../src/core/message.ts";
import { NO_CHANGE, type SessionRow } from "../../src/core/session.ts";
import { MemorySessionStore } from "../support/memory-session-store.ts";
import { MemoryTabHub } from "../support/memory-tab-channel.ts";
import { MemoryTabLock } from "../../src/memory/memory-tab-lock.ts";
import { MemoryUserStore } from "../support/memory-user-store.ts";
import { expiredRow, settle } from "../refresh/tabs.ts";

describe("MemorySessionStore", () => {
  test("creates, changes, keeps and deletes a row", async () => {
    const store = new MemorySessionStore();
    expect(await store.update("k", (before) => (before ? NO_CHANGE : expiredRow()))).toMatchObject({
      generation: 1,
    });
    expect(await store.update("k", (before) => ({ ...before!, generation: 2 }))).toMatchObject({
      generation: 2,
    });
    expect(await store.update("k", () => NO_CHANGE)).toMatchObject({ generation: 2 });
    expect(await store.update("k", () => undefined)).toBeUndefined();
    expect(await store.get("k")).toBeUndefined();
  });

  test("returns copies, so that no caller changes a stored row by accident", async () => {
    const store = new MemorySessionStore();
    const row = expiredRow();
    await store.update("k", () => row);
    row.generation = 7;
    (await store.get("k"))!.generation = 8;
    await store.update("k", (before) => {
      before!.generation = 9;
      return NO_CHANGE;
    });
    expect((await store.get("k"))!.generation).toBe(1);
  });

  test("loses none of many concurrent updates", async () => {
    const store = new MemorySessionStore();
    await store.update("k", () => expiredRow());
    const add = (row?: SessionRow) => ({ ...row!, sequence: row!.sequence + 1 });
    await Promise.all(Array.from({ length: 100 }, () => store.update("k", add)));
    expect((await store.get("k"))!.sequence).toBe(101);
  });
});

test("MemoryUserStore returns the default user with the user's session", async () => {
  const store = new MemorySessionStore();
  const users = new MemoryUserStore(store, "c");
  expect(await users.getActive()).toEqual({});
  await users.putDefault("ada");
  expect(await users.getActive()).toEqual({ sub: "ada", isPinned: false });
  await store.update("session/c/ada", () => expiredRow());
  expect(await users.getActive()).toMatchObject({ sub: "ada", row: { sessionId: "s1" } });
});

describe("MemoryTabLock", () => {
  /** Holds the lock until `release()`, and logs when it was granted. */
  function holder(locks: MemoryTabLock, log: string[]) {
    return (name: string, mode: "exclusive" | "shared", signal?: AbortSignal) => {
      let release = () => {};
      const held = new Promise<void>((resolve) => (release = resolve));
      const done = locks.request("l", { mode, ...(signal && { signal }) }, async (granted) => {
        log.push(`${name} ${granted}`);
        await held;
      });
      return { release, done };
    };
  }

  test("grants an exclusive lock to the next request only after its release", async () => {
    const log: string[] = [];
    const hold = holder(new MemoryTabLock(), log);
    const [a, b] = [hold("a", "exclusive"), hold("b", "exclusive")];
    await settle();
    expect(log).toEqual(["a true"]);
    a.release();
    await settle();
    expect(log).toEqual(["a true", "b true"]);
    b.release();
    await Promise.all([a.done, b.done]);
  });

  test("grants shared requests together, and an exclusive request after all of them", async () => {
    const log: string[] = [];
    const hold = holder(new MemoryTabLock(), log);
    const [a, b, c, d] = [
      hold("a", "shared"),
      hold("b", "shared"),
      hold("c", "exclusive"),
      hold("d", "shared"),
    ];
    await settle();
    expect(log).toEqual(["a true", "b true"]);
    a.release();
    await settle();
    expect(log).toHaveLength(2);
    b.release();
    await settle();
    expect(log).toEqual(["a true", "b true", "c true"]);
    c.release();
    await settle();
    expect(log).toHaveLength(4);
    d.release();
  });

  test("refuses a held lock with ifAvailable, and releases a lock whose callback throws", async () => {
    const locks = new MemoryTabLock();
    const failing = locks.request("l", { mode: "exclusive" }, async () => {
      expect(
        await locks.request("l", { mode: "shared", ifAvailable: true }, async (granted) => granted),
      ).toBe(false);
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(
      await locks.request("l", { mode: "shared", ifAvailable: true }, async (granted) => granted),
    ).toBe(true);
  });

  test("an aborted request does not block the requests behind it", async () => {
    const log: string[] = [];
    const hold = holder(new MemoryTabLock(), log);
    const leave = new AbortController();
    const a = hold("a", "shared");
    const b = hold("b", "exclusive", leave.signal);
    const c = hold("c", "shared");
    await settle();
    expect(log).toEqual(["a true"]);
    leave.abort(new Error("left"));
    await expect(b.done).rejects.toThrow("left");
    await settle();
    expect(log).toEqual(["a true", "c true"]);
    a.release();
    c.release();
  });
});

test("MemoryTabHub delivers to every tab, asynchronously and in order, until the listener is removed", async () => {
  const hub = new MemoryTabHub();
  const [a, b] = [hub.join(), hub.join()];
  const received: unknown[] = [];
  a.listen(({ from }) => received.push(`a ${from}`));
  const unlisten = b.listen(({ from }) => received.push(`b ${from}`));
  const message = (from: string): TabMessage => ({
    protocol: 2,
    key: "ada",
    from,
    sessionId: "s",
    type: "user",
    what: "login",
  });
  a.post(message("1"));
  a.post(message("2"));
  expect(received).toEqual([]);
  await settle();
  expect(received).toEqual(["a 1", "b 1", "a 2", "b 2"]);
  unlisten();
  a.post(message("3"));
  await settle();
  expect(received.slice(4)).toEqual(["a 3"]);
});

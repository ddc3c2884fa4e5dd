import { expect, test } from "vitest";
import { BroadcastTabChannel } from "../../../src/browser/tabs/broadcast-tab-channel.ts";
import { WebLocksTabLock } from "../../../src/browser/tabs/web-locks-tab-lock.ts";
import type { TabMessage } from "../../../src/core/message.ts";

const message: TabMessage = {
  protocol: 2,
  key: "ada",
  from: "a",
  sessionId: "s",
  type: "user",
  what: "login",
};

test("a message reaches every listener, also in the sending tab, until the listener is removed", async () => {
  const [a, b] = [new BroadcastTabChannel("test,channel"), new BroadcastTabChannel("test,channel")];
  const received: string[] = [];
  const leaveA = a.listen(() => received.push("a"));
  const first = new Promise<TabMessage>((resolve) => b.listen(resolve));
  const leaveB = b.listen(() => received.push("b"));
  a.post(message);
  expect(received).toEqual([]);
  expect(await first).toEqual(message);
  expect(received).toEqual(["a", "b"]);
  leaveA();
  leaveB();
  const second = new Promise<TabMessage>((resolve) => b.listen(resolve));
  a.post(message);
  await second;
  expect(received).toEqual(["a", "b"]);
});

test("a message is delivered even when its sender has no listener", async () => {
  const received = new Promise<TabMessage>((resolve) =>
    new BroadcastTabChannel("test,quiet").listen(resolve),
  );
  new BroadcastTabChannel("test,quiet").post(message);
  expect(await received).toEqual(message);
});

test("ignores data that is not a message of this protocol", async () => {
  const raw = new BroadcastChannel("latchkey/2/test,foreign");
  const received: TabMessage[] = [];
  const channel = new BroadcastTabChannel("test,foreign");
  const last = new Promise<void>((resolve) => {
    channel.listen((message) => {
      received.push(message);
      resolve();
    });
  });
  for (const foreign of [
    null,
    "x",
    { protocol: 3, key: "ada", type: "done" },
    { protocol: 2, type: "done" },
    message,
  ])
    raw.postMessage(foreign);
  await last;
  expect(received).toEqual([message]);
  raw.close();
});

test("B10: ignores messages of another type or version, and delivers the next one", async () => {
  const raw = new BroadcastChannel("latchkey/2/test,types");
  const received: TabMessage[] = [];
  const channel = new BroadcastTabChannel("test,types");
  const last = new Promise<void>((resolve) => {
    channel.listen((message) => {
      received.push(message);
      resolve();
    });
  });
  const base = { protocol: 2, key: "ada", from: "a", sessionId: "s" };
  for (const foreign of [
    { ...base, type: "done" },
    { ...base, type: "done", generation: "1", sequence: 1, target: "x" },
    { ...base, type: "user" },
    { ...base, type: "user", what: "suspend" },
    { ...base, type: "moved", to: "elsewhere" },
    { ...message, protocol: 3 },
    message,
  ])
    raw.postMessage(foreign);
  await last;
  expect(received).toEqual([message]);
  raw.close();
});

test("refuses a held lock with ifAvailable, and stops waiting when the request is aborted", async () => {
  const locks = new WebLocksTabLock();
  await locks.request("test/own", { mode: "exclusive" }, async () => {
    expect(
      await locks.request(
        "test/own",
        { mode: "shared", ifAvailable: true },
        async (granted) => granted,
      ),
    ).toBe(false);
    const leave = new AbortController();
    const waiting = locks.request(
      "test/own",
      { mode: "shared", signal: leave.signal },
      async () => "granted",
    );
    leave.abort(new Error("left"));
    await expect(waiting).rejects.toThrow("left");
  });
  expect(
    await locks.request(
      "test/own",
      { mode: "shared", ifAvailable: true },
      async (granted) => granted,
    ),
  ).toBe(true);
});

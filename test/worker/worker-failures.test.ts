import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { NetworkError, StorageError } from "../../src/core/errors.ts";
import { RequestTokenError } from "../../src/core/protocol-errors.ts";
import type { Refresher, RefreshResponse } from "../../src/core/refresher.ts";
import { parseWorkerMessage } from "../../src/worker/messages.ts";
import { RefreshServer } from "../../src/worker/refresh-server.ts";
import type { WorkerHandle } from "../../src/worker/worker-connection.ts";
import { workerLock } from "../../src/worker/worker-life.ts";
import { WorkerRefresher } from "../../src/worker/worker-refresher.ts";
import {
  ADA,
  browser,
  CLIENT,
  DEFAULT_KEY,
  expiredRow,
  KEY,
  responseOf,
  settle,
  testClock,
} from "../refresh/tabs.ts";
import { PAGE, withFullDisk } from "./full-disk.ts";
import { workerHandle } from "./worker-ports.ts";

/** Workers that fail late, slowly or again and again, and what an app passes in place of a worker. */

const NEED = { user: ADA, target: DEFAULT_KEY, notGeneration: -1 };
const CONFIG = { issuer: "https://id.example", clientId: "web" };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type All = ReturnType<typeof browser>;

function pageOf(
  all: All,
  open: () => WorkerHandle,
  own: Pick<Refresher, "refresh"> = all.tab("page"),
  clock = testClock,
  warn: (message: string) => void = () => {},
) {
  return new WorkerRefresher({
    open,
    own: {
      refresh: (need, signal) => own.refresh(need, signal),
      validate: async () => {},
      prepare: async () => {},
    },
    loadError: async () => RequestTokenError,
    warn,
    client: CLIENT,
    worker: CONFIG,
    ports: { store: all.store, locks: all.locks, clock, page: PAGE },
  });
}

/** Holds the lock of a worker. Returns the function that ends the worker. */
function live(all: All, worker: string): () => void {
  let end = () => {};
  void all.locks.request(
    workerLock(worker),
    { mode: "exclusive" },
    () => new Promise<void>((die) => (end = die)),
  );
  return () => end();
}

/** A worker that says hello, and accepts each refresh, but never ends it. */
function accepting(worker: string): WorkerHandle {
  const { handle, port } = workerHandle();
  port.onmessage = ({ data }) => {
    const { type, id } = data as { type: string; id: number };
    if (type === "hello") port.postMessage({ protocol: 1, type: "hello", worker });
    if (type === "refresh") port.postMessage({ protocol: 1, type: "accepted", id });
  };
  return handle;
}

test("a page is not confused by an error whose cause is the error itself", () => {
  const error: { code: string; message: string; cause?: unknown } = {
    code: "timeout",
    message: "m",
  };
  error.cause = error;
  const message = { protocol: 1, type: "settled", id: 1, outcome: { type: "failed", error } };
  // Structured clones keep cycles, so a worker can send this message. The handler of `onmessage` throws a RangeError.
  expect(parseWorkerMessage(structuredClone(message))).toBeUndefined();
});

test("a page starts a worker that dies after hello at most a few times", async () => {
  const all = browser();
  await all.store.update(KEY, () => expiredRow());
  // No tab holds the lock of the worker, as after `close()` in the worker. The clock advances 1 ms with each reading.
  let now = 0;
  const clock = { ...testClock, monotonic: () => now++ };
  const open = vi.fn<() => WorkerHandle>(() => accepting("gone"));
  const refresher = pageOf(all, open, { refresh: () => new Promise(() => {}) }, clock);
  void refresher.refresh(NEED);
  for (let turn = 0; turn < 50; turn++) await settle();
  expect(open.mock.calls.length).toBeLessThanOrEqual(3);
});

test("a caller waits patienceMs, and not twice as long, when its worker dies late", async () => {
  const all = browser();
  await all.store.update(KEY, () => expiredRow());
  const die = live(all, "w");
  const refresher = pageOf(all, () => accepting("w"));
  const call = refresher.refresh(NEED);
  const failed = vi.fn<(error: unknown) => void>();
  call.catch(failed);
  await settle();
  await vi.advanceTimersByTimeAsync(29_000);
  die();
  // 30 s of patience, and a second for the worker.
  await vi.advanceTimersByTimeAsync(2_500);
  expect(failed).toHaveBeenCalled();
});

/** The worker's side, whose store fails or whose server responds with `response`. */
function workerOf(all: All, response: () => RefreshResponse, isFailing: () => boolean) {
  const sends: string[] = [];
  const { create } = withFullDisk(all, isFailing, (tab) => {
    sends.push(tab);
    return response();
  });
  return { create, sends };
}

function connect(create: () => Pick<Refresher, "refresh">): WorkerHandle {
  const { handle, port } = workerHandle();
  new RefreshServer({ worker: "w", isLocked: Promise.resolve(), create }).connect(port);
  return handle;
}

test("a page refreshes by itself when only the worker cannot reach the server", async () => {
  const all = browser();
  await all.store.update(KEY, () => expiredRow());
  live(all, "w");
  // For example, the Content-Security-Policy of the worker's script forbids the request, and the page's policy allows it.
  const { create, sends } = workerOf(
    all,
    () => ({ type: "unknown", byServer: false, cause: new Error("blocked") }),
    () => false,
  );
  const refresher = pageOf(all, () => connect(() => create("worker")));
  const got = vi.fn<(result: unknown) => void>();
  refresher.refresh(NEED).then(({ accessToken }) => got(accessToken), got);
  await vi.advanceTimersByTimeAsync(31_000);
  expect(sends.length).toBeGreaterThan(3);
  // The caller has got a TimeoutError, and each later call gets one, too: the page never tries itself.
  void refresher.refresh(NEED).catch(() => {});
  await vi.advanceTimersByTimeAsync(31_000);
  expect(all.sent.map(({ tab }) => tab)).toContain("page");
});

test("a page refreshes by itself while its worker starts slowly, and uses the worker afterwards", async () => {
  const all = browser();
  await all.store.update(KEY, () => expiredRow());
  live(all, "w");
  const open = vi.fn(() => {
    const { handle, port } = workerHandle();
    new RefreshServer({
      worker: "w",
      isLocked: new Promise((resolve) => setTimeout(resolve, 1_500)),
      create: () => all.tab("worker"),
    }).connect(port);
    return handle;
  });
  const refresher = pageOf(all, open);
  const first = refresher.refresh(NEED);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(all.sent.map(({ tab }) => tab)).toEqual(["page"]);
  all.sent[0]!.response(responseOf(2));
  await first;
  await vi.advanceTimersByTimeAsync(1_000);
  const second = refresher.refresh({ ...NEED, notGeneration: 2 });
  await settle();
  expect(all.sent.map(({ tab }) => tab)).toEqual(["page", "worker"]);
  all.sent[1]!.response(responseOf(3));
  expect((await second).accessToken).toBe("at3");
  expect(open).toHaveBeenCalledTimes(1);
});

test("a page does not wait again for a worker that has not responded to hello for a second", async () => {
  const all = browser();
  await all.store.update(KEY, () => expiredRow());
  const refresher = pageOf(all, () => workerHandle().handle);
  refresher.connect();
  await vi.advanceTimersByTimeAsync(1_000);
  refresher.refresh(NEED).catch(() => {});
  await vi.advanceTimersByTimeAsync(0);
  await settle();
  expect(all.sent.map(({ tab }) => tab)).toEqual(["page"]);
});

test("a call that timed out leaves its request in the worker", async () => {
  const all = browser();
  await all.store.update(KEY, () => expiredRow());
  live(all, "w");
  const types: string[] = [];
  const refresher = pageOf(all, () => {
    const { handle, port } = workerHandle();
    port.onmessage = ({ data }) => {
      const { type, id } = data as { type: string; id: number };
      types.push(type);
      if (type === "hello") port.postMessage({ protocol: 1, type: "hello", worker: "w" });
      if (type === "refresh") port.postMessage({ protocol: 1, type: "accepted", id });
    };
    return handle;
  });
  refresher.refresh(NEED).catch(() => {});
  await vi.advanceTimersByTimeAsync(32_000);
  // After the timeout, the page leaves this worker alone.
  expect(types).toEqual(["hello", "refresh", "abort", "bye"]);
});

test("the line for the developer says why the app's function failed", async () => {
  const all = browser();
  await all.store.update(KEY, () => expiredRow());
  const lines: string[] = [];
  const open = () => {
    throw new TypeError("This document requires 'TrustedScriptURL' assignment.");
  };
  pageOf(all, open, undefined, testClock, (line) => lines.push(line)).connect();
  expect(lines.join()).toContain("TrustedScriptURL");
});

test("a Worker in place of a SharedWorker is named in the line for the developer, and is not started each minute", async () => {
  const all = browser();
  await all.store.update(KEY, () => expiredRow());
  const lines: string[] = [];
  let running = 0;
  const open = () => {
    running++;
    const worker = {
      addEventListener: () => {},
      postMessage: () => {},
      terminate: () => running--,
    };
    return worker as unknown as WorkerHandle;
  };
  const refresher = pageOf(all, open, undefined, testClock, (line) => lines.push(line));
  for (let n = 0; n < 5; n++) {
    refresher.connect();
    await vi.advanceTimersByTimeAsync(61_000);
  }
  expect({ running, isNamed: /SharedWorker/.test(lines.join()) }).toEqual({
    running: 0,
    isNamed: true,
  });
});

/** Returns what a caller gets if the worker has stored a token with a pending signature, and the page's `validate()` fails. */
async function outcomeIfValidationFails(error: Error): Promise<unknown[]> {
  const all = browser();
  await all.store.update(KEY, () => expiredRow());
  live(all, "w");
  const { create } = workerOf(
    all,
    () => responseOf(2, { idToken: "e30.e30.x" }),
    () => false,
  );
  const refresher = new WorkerRefresher({
    open: () => connect(() => create("worker")),
    own: {
      refresh: () => Promise.reject(new NetworkError("a part of Latchkey could not be loaded")),
      validate: () => Promise.reject(error),
      prepare: async () => {},
    },
    loadError: async () => RequestTokenError,
    warn: () => {},
    client: CLIENT,
    worker: CONFIG,
    ports: { store: all.store, locks: all.locks, clock: testClock, page: PAGE },
  });
  const got: unknown[] = [];
  refresher.refresh(NEED).then(
    ({ accessToken }) => got.push(accessToken),
    (failure) => got.push(failure),
  );
  await vi.advanceTimersByTimeAsync(1_000);
  return got;
}

test("a page gives the token of its worker although the page cannot load the code for the signature", async () => {
  const error = new NetworkError("a part of Latchkey could not be loaded");
  expect(await outcomeIfValidationFails(error)).toEqual(["at2"]);
});

test("a page gives no token of its worker if it could not read whether the signature is valid", async () => {
  const error = new StorageError("the store cannot be read");
  expect(await outcomeIfValidationFails(error)).toMatchObject([{ code: "storage" }]);
});

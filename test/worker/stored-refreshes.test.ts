import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { RequestTokenError } from "../../src/core/protocol-errors.ts";
import type { Refresher } from "../../src/core/refresher.ts";
import { tokenSet } from "../../src/core/token-set.ts";
import { RefreshServer } from "../../src/worker/refresh-server.ts";
import { storedRefreshes } from "../../src/worker/stored-refreshes.ts";
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
  testClock,
} from "../refresh/tabs.ts";
import { PAGE, withFullDisk } from "./full-disk.ts";
import { portPair } from "./worker-ports.ts";

/** A worker whose disk is full after the server has sent new tokens. */

const NEED = { user: ADA, target: DEFAULT_KEY, notGeneration: -1 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A browser whose disk is full from the server's response until `repair()`. */
async function start() {
  const all = browser();
  await all.store.update(KEY, () => expiredRow());
  let isFull = false;
  const send = vi.fn(() => {
    isFull = true;
    return responseOf(2);
  });
  const { store, create: tab } = withFullDisk(all, () => isFull, send);
  /** A page whose refreshes run in a worker. `messages`: what the page and the worker send. */
  const page = () => {
    void all.locks.request(workerLock("w"), { mode: "exclusive" }, () => new Promise(() => {}));
    const messages: unknown[] = [];
    const [port, workerPort] = portPair();
    for (const end of [port, workerPort]) {
      const post = end.postMessage.bind(end);
      end.postMessage = (message) => {
        messages.push(message);
        post(message);
      };
    }
    const refresher = tab("worker");
    new RefreshServer({
      worker: "w",
      isLocked: Promise.resolve(),
      create: () => storedRefreshes({ client: CLIENT, refresher, store, clock: testClock }),
    }).connect(workerPort);
    const own = tab("page");
    const connected = new WorkerRefresher({
      open: () => ({ port, addEventListener: () => {} }),
      own,
      loadError: async () => RequestTokenError,
      warn: () => {},
      client: CLIENT,
      worker: { issuer: "https://id.example", clientId: "web" },
      ports: { store: all.store, locks: all.locks, clock: testClock, page: PAGE },
    });
    return { connected, messages };
  };
  return { tab, page, send, store, repair: () => (isFull = false) };
}

/** Starts a refresh. The result has what the caller gets. */
function refreshIn(refresher: Pick<Refresher, "refresh">) {
  const got = vi.fn<(result: unknown) => void>();
  refresher.refresh(NEED).then(({ accessToken }) => got(accessToken), got);
  return got;
}

test("without a worker, a caller gets a token that cannot be stored", async () => {
  const { tab } = await start();
  const got = refreshIn(tab("page"));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(got.mock.calls).toEqual([["at2"]]);
});

test("a caller gets the worker's token as soon as the worker can store it", async () => {
  const { page, send, repair } = await start();
  const { connected } = page();
  const got = refreshIn(connected);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(got).not.toHaveBeenCalled();
  repair();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(got.mock.calls).toEqual([["at2"]]);
  expect(send).toHaveBeenCalledTimes(1);
});

test("a caller gets an error after 5 s if the worker cannot store the token, and no message has the token", async () => {
  const { page, send, repair } = await start();
  const { connected, messages } = page();
  const got = refreshIn(connected);
  await vi.advanceTimersByTimeAsync(6_000);
  expect(got.mock.calls).toEqual([
    [
      expect.objectContaining({
        code: "timeout",
        pending: true,
        message: expect.stringContaining("could not store the new tokens"),
      }),
    ],
  ]);
  expect(JSON.stringify(messages)).not.toMatch(/\b[ar]t\d/);
  // The worker still has the tokens, and stores them when the disk has space again.
  const later = refreshIn(connected);
  repair();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(later.mock.calls).toEqual([["at2"]]);
  expect(send).toHaveBeenCalledTimes(1);
});

test("the requests of many tabs share the reads before and after their refresh", async () => {
  const { store } = await start();
  const get = vi.spyOn(store, "get");
  const { generation } = (await store.get(KEY))!;
  get.mockClear();
  const tokens = tokenSet({
    accessToken: "at2",
    tokenType: "Bearer",
    expiresAt: 0,
    scope: [],
    generation,
  });
  const many = storedRefreshes({
    client: CLIENT,
    refresher: { refresh: async () => tokens },
    store,
    clock: testClock,
  });
  await Promise.all(Array.from({ length: 10 }, () => many.read!(ADA)));
  await Promise.all(Array.from({ length: 10 }, () => many.refresh(NEED)));
  expect(get).toHaveBeenCalledTimes(2);
});

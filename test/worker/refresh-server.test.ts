import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { StorageError } from "../../src/core/errors.ts";
import { RequestTokenError } from "../../src/core/protocol-errors.ts";
import { RefreshServer, type WorkerRefreshes } from "../../src/worker/refresh-server.ts";
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
import { PAGE } from "./full-disk.ts";
import { portPair } from "./worker-ports.ts";

/** The worker's side of the connections to pages. */

const NEED = { user: ADA, target: DEFAULT_KEY, notGeneration: -1 };
const CONFIG = { issuer: "https://id.example", clientId: "web" };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A page that asks a worker with these refreshes. `asked`: the refreshes that reached the worker. */
async function pageOf(read: WorkerRefreshes["read"]) {
  const all = browser();
  await all.store.update(KEY, () => expiredRow());
  void all.locks.request(workerLock("w"), { mode: "exclusive" }, () => new Promise(() => {}));
  const asked = vi.fn<(type: string) => void>();
  const server = new RefreshServer({
    worker: "w",
    isLocked: Promise.resolve(),
    create: () => ({ refresh: () => new Promise(() => {}), ...(read && { read }) }),
  });
  const refresher = new WorkerRefresher({
    open: () => {
      const [port, workerPort] = portPair();
      server.connect(workerPort);
      const listener = workerPort.onmessage!;
      workerPort.onmessage = (event) => {
        asked((event.data as { type: string }).type);
        listener(event);
      };
      return { port, addEventListener: () => {} };
    },
    own: all.tab("page"),
    loadError: async () => RequestTokenError,
    warn: () => {},
    client: CLIENT,
    worker: CONFIG,
    ports: {
      store: all.store,
      locks: all.locks,
      clock: testClock,
      page: PAGE,
    },
  });
  const refreshes = () => asked.mock.calls.filter(([type]) => type === "refresh").length;
  return { ...all, refresher, refreshes };
}

test("a page refreshes by itself after a second, and for a minute, when only its worker's database hangs", async () => {
  const { refresher, refreshes, sent } = await pageOf(() => new Promise(() => {}));
  const first = refresher.refresh(NEED);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(sent.map(({ tab }) => tab)).toEqual(["page"]);
  sent[0]!.response(responseOf(2));
  await settle();
  expect(await first).toMatchObject({ accessToken: "at2" });
  void refresher.refresh({ ...NEED, notGeneration: 2 }).catch(() => {});
  await settle();
  expect(sent).toHaveLength(2);
  expect(refreshes()).toBe(1);
});

test("a page refreshes by itself at once when its worker cannot read the session", async () => {
  const { refresher, sent } = await pageOf(() => Promise.reject(new StorageError("blocked")));
  void refresher.refresh(NEED).catch(() => {});
  await settle();
  expect(sent.map(({ tab }) => tab)).toEqual(["page"]);
});

test("a worker keeps no refresher whose pages have all gone when pages with other settings come", async () => {
  const created: string[] = [];
  const server = new RefreshServer({
    worker: "w",
    isLocked: Promise.resolve(),
    create: ({ clientId }) => {
      created.push(clientId);
      return { refresh: () => new Promise(() => {}) };
    },
  });
  const open = async (clientId: string) => {
    const [page, worker] = portPair();
    server.connect(worker);
    page.postMessage({ protocol: 1, type: "hello", config: { ...CONFIG, clientId } });
    await settle();
    return async () => {
      page.postMessage({ protocol: 1, type: "bye" });
      await settle();
    };
  };
  const closeFirst = await open("a");
  const closeSecond = await open("a");
  await closeFirst();
  await open("b");
  // One page of `a` is still open.
  await open("a");
  expect(created).toEqual(["a", "b"]);
  const closeThird = await open("c");
  await closeThird();
  // A page that reloads finds its refresher again.
  await open("c");
  expect(created).toEqual(["a", "b", "c"]);
  await closeSecond();
  const closeFourth = await open("d");
  await closeFourth();
  await open("e");
  await open("d");
  expect(created).toEqual(["a", "b", "c", "d", "e", "d"]);
});

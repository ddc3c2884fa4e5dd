import { afterEach, expect, test, vi } from "vitest";
import { servePages } from "../../src/worker/serve-pages.ts";
import { portPair } from "./worker-ports.ts";

/** The global scope of a shared worker. */

const HELLO = {
  protocol: 1,
  type: "hello",
  config: { issuer: "https://id.example", clientId: "web" },
};

afterEach(() => void vi.unstubAllGlobals());

/** Replaces the global scope by that of a worker. `connect()` connects a page, and returns the worker's messages to that page. */
function startWorker(locks: object | undefined, onconnect: (() => void) | null = null) {
  const scope = Object.assign(new EventTarget(), { onconnect });
  vi.stubGlobal("self", scope);
  vi.stubGlobal("navigator", { onLine: true, ...(locks && { locks }) });
  servePages(() => async () => {});
  return {
    scope,
    connect: async (): Promise<unknown[]> => {
      const [page, worker] = portPair();
      const messages: unknown[] = [];
      page.onmessage = ({ data }) => messages.push(data);
      scope.dispatchEvent(Object.assign(new Event("connect"), { ports: [worker] }));
      page.postMessage(HELLO);
      await new Promise((resolve) => setTimeout(resolve, 20));
      return messages;
    },
  };
}

const granted = { request: (_: string, __: object, hold: () => Promise<never>) => hold() };

test("a worker says hello when it holds its lock", async () => {
  const { connect } = startWorker(granted);
  expect(await connect()).toMatchObject([{ type: "hello", worker: expect.any(String) }]);
});

test("serveRefreshes() keeps the script's own onconnect handler", async () => {
  const onconnect = vi.fn<() => void>();
  const { scope, connect } = startWorker(granted, onconnect);
  expect(scope.onconnect).toBe(onconnect);
  expect(await connect()).toHaveLength(1);
});

test.for([
  { what: "no Web Locks", locks: undefined },
  { what: "a lock that is refused", locks: { request: () => Promise.reject(new Error("no")) } },
])("a worker with $what responds to no page, and reports no error", async ({ locks }) => {
  const unhandled = vi.fn<(error: unknown) => void>();
  const before = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", unhandled);
  try {
    const { connect } = startWorker(locks);
    expect(await connect()).toEqual([]);
    expect(unhandled.mock.calls).toEqual([]);
  } finally {
    process.removeListener("unhandledRejection", unhandled);
    for (const listener of before) process.on("unhandledRejection", listener);
  }
});

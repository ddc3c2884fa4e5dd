import { expect, test, vi } from "vitest";
import { createRefresher } from "../../src/compose/lazy-refresher.ts";
import type { AppInWorker } from "../../src/compose/worker.chunk.ts";
import { browser, CLIENT, ADA, DEFAULT_KEY, expiredRow, KEY, testClock } from "./tabs.ts";

/** A page whose code for a worker does not load. */

// The worker's chunk never loads, as after a deployment whose server holds the request. All other code is loaded.
vi.mock("../../src/compose/worker.chunk.ts", () => new Promise(() => {}));

const NEED = { user: ADA, target: DEFAULT_KEY, notGeneration: -1 };
const APP: AppInWorker = {
  issuer: "issuer",
  clientId: "client",
  worker: () => {
    throw new Error("not reached");
  },
};

async function start() {
  const all = browser();
  await all.store.update(KEY, () => expiredRow());
  const send = vi.fn(async () => ({ type: "unsent" as const }));
  const refresher = createRefresher(APP, {
    client: CLIENT,
    tab: "a",
    ports: {
      store: all.store,
      locks: all.locks,
      channel: all.channel(),
      clock: testClock,
      random: { id: () => "id", fraction: () => 0.5 },
      page: {
        online: () => true,
        visible: () => true,
        frozen: () => false,
        onEvent: () => () => {},
      },
      send: {
        prepare: async () => {},
        sync: async () => {},
        send,
        verify: async () => ({ type: "unknown" }),
        revoke: async () => {},
      },
    },
  });
  return { refresher, send };
}

test("an aborted call rejects at once while the code for the worker loads", async () => {
  const { refresher } = await start();
  const leave = new AbortController();
  const failed = vi.fn<(error: unknown) => void>();
  refresher.refresh(NEED, leave.signal).catch(failed);
  leave.abort(new Error("left"));
  await vi.waitFor(() => expect(failed).toHaveBeenCalled(), 500);
});

test("a page refreshes by itself within a second when the code for the worker does not load", async () => {
  const { refresher, send } = await start();
  await refresher.prepare();
  refresher.refresh(NEED).catch(() => {});
  await vi.waitFor(() => expect(send).toHaveBeenCalled(), 2_500);
});

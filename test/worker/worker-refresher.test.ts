import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { NoTokenError, TimeoutError } from "../../src/core/errors.ts";
import { RequestTokenError } from "../../src/core/protocol-errors.ts";
import type { PageEvent, PageLifecycle } from "../../src/core/ports.ts";
import { targetKey } from "../../src/core/token-target.ts";
import type { Refresher } from "../../src/core/refresher.ts";
import { REFRESH_TIMING } from "../../src/refresh/timing.ts";
import { RefreshServer } from "../../src/worker/refresh-server.ts";
import { workerLock } from "../../src/worker/worker-life.ts";
import type { WorkerHandle, WorkerPort } from "../../src/worker/worker-connection.ts";
import { PATIENCE_MS, WorkerRefresher } from "../../src/worker/worker-refresher.ts";
import {
  ADA,
  CLIENT,
  DEFAULT_KEY,
  expiredRow,
  KEY,
  responseOf,
  browser,
  settle,
  testClock,
} from "../refresh/tabs.ts";
import { workerHandle } from "./worker-ports.ts";

/** A page whose refreshes run in a worker, and workers that fail. */

const NEED = { user: ADA, target: DEFAULT_KEY, notGeneration: -1 };
const CONFIG = { issuer: "https://id.example", clientId: "web" };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A page lifecycle whose events tests dispatch. */
function lifecycle(): PageLifecycle & { happen(event: PageEvent): void } {
  const listeners = new Set<(event: PageEvent) => void>();
  let isFrozen = false;
  return {
    online: () => true,
    visible: () => true,
    frozen: () => isFrozen,
    onEvent: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    happen: (event) => {
      if (event === "freeze" || event === "pagehide") isFrozen = true;
      if (event === "resume" || event === "pageshow") isFrozen = false;
      for (const listener of [...listeners]) listener(event);
    },
  };
}

/** A browser with Ada's expired session. `startWorker()` starts a worker, and `page()` opens a page. */
async function start() {
  const all = browser();
  await all.store.update(KEY, () => expiredRow());
  let started = 0;
  const created: string[] = [];
  const startWorker = () => {
    const worker = `w${++started}`;
    let end = () => {};
    let isDead = false;
    const isLocked = new Promise<void>((resolve) => {
      void all.locks.request(workerLock(worker), { mode: "exclusive" }, async () => {
        resolve();
        await new Promise<void>((die) => (end = die));
      });
    });
    const server = new RefreshServer({
      worker,
      isLocked,
      create: (config) => {
        created.push(config.clientId);
        return all.tab(`${worker}-${created.length}`);
      },
    });
    return {
      /** Connects a page to this worker. */
      connect: (): WorkerHandle => {
        const { handle, port } = workerHandle();
        const live: WorkerPort = {
          onmessage: null,
          postMessage: (message) => void (isDead || port.postMessage(message)),
          close: () => port.close(),
        };
        port.onmessage = (event) => void (isDead || live.onmessage?.(event));
        server.connect(live);
        return handle;
      },
      /** Ends the worker without a word. Its lock becomes free. */
      die: () => {
        isDead = true;
        end();
      },
    };
  };
  const page = (open: () => WorkerHandle, config: object = {}) => {
    const life = lifecycle();
    const warn = vi.fn<(message: string) => void>();
    const tab = all.tab("page");
    const own = {
      refresh: vi.fn<Refresher["refresh"]>((need, signal) => tab.refresh(need, signal)),
      validate: (user: string) => tab.validate(user),
      prepare: () => tab.prepare(),
    };
    const refresher = new WorkerRefresher({
      open,
      own,
      loadError: async () => RequestTokenError,
      warn,
      client: CLIENT,
      worker: { ...CONFIG, ...config },
      ports: { store: all.store, locks: all.locks, clock: testClock, page: life },
    });
    return { refresher, own, life, warn };
  };
  return { ...all, startWorker, page, created };
}

test("a refresh runs in the worker, and the page reads the token from the row", async () => {
  const { sent, startWorker, page } = await start();
  const worker = startWorker();
  const { refresher, own } = page(worker.connect);
  const token = refresher.refresh(NEED);
  await settle();
  expect(sent.map(({ tab }) => tab)).toEqual(["w1-1"]);
  sent[0]!.response(responseOf(2));
  await settle();
  expect(await token).toMatchObject({ accessToken: "at2", generation: 2, origin: "worker" });
  expect(own.refresh).not.toHaveBeenCalled();
});

test("two pages share one refresh and one connection each", async () => {
  const { sent, startWorker, page, created } = await start();
  const worker = startWorker();
  const pages = [page(worker.connect), page(worker.connect)];
  const tokens = Promise.all(
    pages.flatMap(({ refresher }) => [refresher.refresh(NEED), refresher.refresh(NEED)]),
  );
  await settle();
  expect(sent).toHaveLength(1);
  sent[0]!.response(responseOf(2));
  await settle();
  expect(new Set((await tokens).map(({ accessToken }) => accessToken))).toEqual(new Set(["at2"]));
  expect(created).toEqual(["web"]);
});

test("pages with other settings get another refresher of the same worker", async () => {
  const { startWorker, page, created } = await start();
  const worker = startWorker();
  for (const config of [{}, { reuseLeewayMs: 0 }, { timing: { tickMs: 200 } }, {}])
    page(worker.connect, config).refresher.connect();
  await settle();
  expect(created).toEqual(["web", "web", "web"]);
});

test("a page whose tab closes during a refresh loses no response: the next page gets the token", async () => {
  const { sent, startWorker, page } = await start();
  const worker = startWorker();
  const first = page(worker.connect);
  void first.refresher.refresh(NEED).catch(() => {});
  await settle();
  first.life.happen("pagehide");
  const next = page(worker.connect);
  const token = next.refresher.refresh(NEED);
  await settle();
  sent[0]!.response(responseOf(2));
  await settle();
  expect(await token).toMatchObject({ accessToken: "at2" });
  expect(sent).toHaveLength(1);
});

test("no message contains a token", async () => {
  const { sent, startWorker, page } = await start();
  const worker = startWorker();
  const seen: unknown[] = [];
  const { refresher } = page(() => {
    const handle = worker.connect();
    return {
      addEventListener: (type, listener) => handle.addEventListener(type, listener),
      port: {
        set onmessage(listener: ((event: MessageEvent) => void) | null) {
          handle.port.onmessage = (event) => {
            seen.push(event.data);
            listener?.(event);
          };
        },
        get onmessage() {
          return null;
        },
        postMessage: (message: unknown) => {
          seen.push(message);
          handle.port.postMessage(message);
        },
        close: () => handle.port.close(),
      },
    };
  });
  const token = refresher.refresh(NEED);
  await settle();
  sent[0]!.response(responseOf(2));
  await settle();
  await token;
  expect(seen.length).toBe(5);
  expect(JSON.stringify(seen)).not.toMatch(/\b[ar]t\d/);
});

/** Workers that cannot be used, and how a page learns it. */
const BAD: Readonly<Record<string, () => WorkerHandle>> = {
  "whose script is missing": () => {
    const { handle, fail } = workerHandle();
    queueMicrotask(fail);
    return handle;
  },
  "that the browser does not support": () => {
    throw new ReferenceError("SharedWorker is not defined");
  },
  "that never responds": () => workerHandle().handle,
  "that sends nonsense": () => {
    const { handle, port } = workerHandle();
    port.onmessage = () => port.postMessage({ hello: "there" });
    return handle;
  },
  "of an older version": () => {
    const { handle, port } = workerHandle();
    port.onmessage = () => port.postMessage({ protocol: 0, type: "hello", worker: "w" });
    return handle;
  },
  "that says hello and nothing more": () => {
    const { handle, port } = workerHandle();
    port.onmessage = () => {
      port.onmessage = null;
      port.postMessage({ protocol: 1, type: "hello", worker: "w" });
    };
    return handle;
  },
  "that sends nonsense after hello": () => {
    const { handle, port } = workerHandle();
    port.onmessage = () => {
      port.onmessage = () => port.postMessage({ protocol: 1, type: "settled", id: 1, outcome: 1 });
      port.postMessage({ protocol: 1, type: "hello", worker: "w" });
    };
    return handle;
  },
};

test.for(Object.keys(BAD))(
  "a page with a worker %s refreshes by itself within a second",
  async (name) => {
    const { locks, sent, page } = await start();
    // The workers that say hello are alive.
    void locks.request(workerLock("w"), { mode: "exclusive" }, () => new Promise(() => {}));
    const open = vi.fn(BAD[name]);
    const { refresher, warn } = page(open);
    const token = refresher.refresh(NEED);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sent.map(({ tab }) => tab)).toEqual(["page"]);
    sent[0]!.response(responseOf(2));
    await settle();
    expect(await token).toMatchObject({ accessToken: "at2" });
    // For a minute the page does not wait for this worker again.
    const again = refresher.refresh({ ...NEED, notGeneration: 2 });
    await settle();
    expect(sent).toHaveLength(2);
    sent[1]!.response(responseOf(3));
    await settle();
    expect(await again).toMatchObject({ accessToken: "at3" });
    expect(open).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls).toEqual([
      [
        expect.stringMatching(
          /^the worker (did not respond in time|has not started within a second|could not be used.*), so/,
        ),
      ],
    ]);
    await vi.advanceTimersByTimeAsync(60_000);
    refresher.connect();
    expect(open).toHaveBeenCalledTimes(2);
  },
);

test("a page continues at once when its worker dies in the middle of a refresh, and waits out the request", async () => {
  const { sent, startWorker, page } = await start();
  const worker = startWorker();
  const { refresher } = page(worker.connect);
  const token = refresher.refresh(NEED);
  await settle();
  expect(sent).toHaveLength(1);
  // The lock of the attempt is the worker's, too: the test's coordinator stands for the worker and keeps running.
  worker.die();
  await settle();
  sent[0]!.response(responseOf(2));
  await vi.advanceTimersByTimeAsync(3_000);
  expect(await token).toMatchObject({ accessToken: "at2" });
});

test("a page connects to a new worker when its worker has died between two refreshes", async () => {
  const { sent, startWorker, page } = await start();
  let worker = startWorker();
  const { refresher, own } = page(() => worker.connect());
  const first = refresher.refresh(NEED);
  await settle();
  sent[0]!.response(responseOf(2));
  await settle();
  await first;
  worker.die();
  worker = startWorker();
  const second = refresher.refresh({ ...NEED, notGeneration: 2 });
  await settle();
  expect(sent.map(({ tab }) => tab)).toEqual(["w1-1", "w2-2"]);
  sent[1]!.response(responseOf(3));
  await settle();
  expect(await second).toMatchObject({ accessToken: "at3" });
  expect(own.refresh).not.toHaveBeenCalled();
});

test("a page closes its port on pagehide, and asks again after pageshow", async () => {
  const { sent, startWorker, page } = await start();
  const worker = startWorker();
  const open = vi.fn(worker.connect);
  const { refresher, life, own } = page(open);
  const token = refresher.refresh(NEED);
  await settle();
  life.happen("pagehide");
  await settle();
  sent[0]!.response(responseOf(2));
  await vi.advanceTimersByTimeAsync(5_000);
  expect(open).toHaveBeenCalledTimes(1);
  life.happen("pageshow");
  await settle();
  expect(await token).toMatchObject({ accessToken: "at2" });
  expect(open).toHaveBeenCalledTimes(2);
  expect(own.refresh).not.toHaveBeenCalled();
});

test("a frozen page requests no lock of the worker", async () => {
  const { locks, startWorker, page } = await start();
  const request = vi.spyOn(locks, "request");
  const waiting = () =>
    request.mock.calls.filter(
      ([name, { mode, signal }]) =>
        name === workerLock("w1") && mode === "shared" && signal?.aborted === false,
    ).length;
  const { refresher, life } = page(startWorker().connect);
  void refresher.refresh(NEED).catch(() => {});
  await settle();
  expect(waiting()).toBe(1);
  life.happen("freeze");
  expect(waiting()).toBe(0);
  life.happen("resume");
  await settle();
  expect(waiting()).toBe(1);
});

test("a caller that leaves no longer counts as a caller in the worker", async () => {
  const { locks, page } = await start();
  void locks.request(workerLock("w"), { mode: "exclusive" }, () => new Promise(() => {}));
  const { handle, port } = workerHandle();
  const signals: (AbortSignal | undefined)[] = [];
  const refresh: Refresher["refresh"] = (_need, signal) => {
    signals.push(signal);
    return new Promise(() => {});
  };
  new RefreshServer({
    worker: "w",
    isLocked: Promise.resolve(),
    create: () => ({ refresh }),
  }).connect(port);
  const { refresher, life } = page(() => handle);
  const leave = new AbortController();
  const calls = [refresher.refresh(NEED, leave.signal), refresher.refresh(NEED)];
  calls[1]!.catch(() => {});
  await settle();
  leave.abort(new Error("left"));
  await expect(calls[0]).rejects.toThrow("left");
  await settle();
  expect(signals.map((signal) => signal?.aborted)).toEqual([true, false]);
  life.happen("pagehide");
  await settle();
  expect(signals[1]?.aborted).toBe(true);
});

test("the session's end and refusals are errors of the page, as without a worker", async () => {
  const { store, sent, startWorker, page } = await start();
  const { refresher } = page(startWorker().connect);
  const ended = refresher.refresh(NEED);
  ended.catch(() => {});
  await settle();
  sent[0]!.response({ type: "invalid_grant" });
  await settle();
  await expect(ended).rejects.toMatchObject({ code: "refresh_token", reason: "session_ended" });
  await store.update(KEY, () => undefined);
  await expect(refresher.refresh(NEED)).rejects.toBeInstanceOf(NoTokenError);
  expect(sent).toHaveLength(1);
});

test("a response without a usable access token is an error of the call, and the page sends nothing", async () => {
  const { sent, startWorker, page } = await start();
  const { refresher, own } = page(startWorker().connect);
  const call = refresher.refresh(NEED);
  call.catch(() => {});
  await settle();
  const cause = new RequestTokenError("the token type is mac", {
    hint: "Use Bearer.",
    status: 200,
  });
  sent[0]!.response({ type: "unusable", refreshToken: "rt2", cause });
  await settle();
  await expect(call).rejects.toMatchObject({ code: "request_token", message: cause.message });
  expect(own.refresh).not.toHaveBeenCalled();
});

test("a caller gets a TimeoutError from a worker that never ends, a second after the worker's own", async () => {
  const { locks, page } = await start();
  void locks.request(workerLock("w"), { mode: "exclusive" }, () => new Promise(() => {}));
  const { handle, port } = workerHandle();
  port.onmessage = ({ data }) => {
    const { type, id } = data as { type: string; id: number };
    if (type === "hello") port.postMessage({ protocol: 1, type: "hello", worker: "w" });
    if (type === "refresh") port.postMessage({ protocol: 1, type: "accepted", id });
  };
  const { refresher, own } = page(() => handle);
  const call = refresher.refresh(NEED);
  call.catch(() => {});
  await vi.advanceTimersByTimeAsync(PATIENCE_MS + 1_000);
  await expect(call).rejects.toBeInstanceOf(TimeoutError);
  expect(own.refresh).not.toHaveBeenCalled();
  expect(PATIENCE_MS).toBe(REFRESH_TIMING.patienceMs);
});

const RESOURCE = targetKey({ resource: "https://api.example" });

test("two createAuth() of a page that return one SharedWorker object never get each other's tokens", async () => {
  const { sent, startWorker, page } = await start();
  const shared = startWorker().connect();
  const [one, two] = [page(() => shared), page(() => shared)];
  const first = one.refresher.refresh(NEED).catch((error: unknown) => error);
  await settle();
  const second = two.refresher.refresh({ ...NEED, target: RESOURCE }).catch((e: unknown) => e);
  await settle();
  sent[0]!.response(responseOf(2));
  await settle();
  await vi.advanceTimersByTimeAsync(2_000);
  for (const { target, response } of sent.slice(1))
    response(responseOf(target === RESOURCE ? 100 : 3));
  await vi.advanceTimersByTimeAsync(40_000);
  expect(sent.map(({ target }) => target)).toContain(RESOURCE);
  // at2 and at3 are tokens of the default target.
  expect(await second).toMatchObject({ accessToken: "at100" });
  expect(await first).toMatchObject({ accessToken: "at2" });
});

test("a page whose function returns the same SharedWorker again after the bfcache says what is wrong, and refreshes by itself", async () => {
  const { sent, startWorker, page } = await start();
  const shared = startWorker().connect();
  const { refresher, life, warn, own } = page(() => shared);
  refresher.connect();
  await settle();
  life.happen("pagehide");
  life.happen("pageshow");
  await settle();
  const token = refresher.refresh(NEED);
  await settle();
  await vi.advanceTimersByTimeAsync(1_100);
  sent[0]!.response(responseOf(2));
  await settle();
  expect(await token).toMatchObject({ accessToken: "at2" });
  expect(own.refresh).toHaveBeenCalledTimes(1);
  expect(warn.mock.calls).toEqual([[expect.stringContaining("the same SharedWorker again")]]);
});

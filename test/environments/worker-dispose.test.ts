// @vitest-environment jsdom
import { expect, test, vi } from "vitest";
import { createAuth } from "../../src/index.ts";

/** What `createAuth({ worker })` leaves in a page after `dispose()`. */

class FakeWorker {
  static open = 0;
  static started = 0;
  readonly port = {
    onmessage: null,
    postMessage: () => {},
    close: () => void FakeWorker.open--,
  };
  constructor() {
    FakeWorker.open++;
    FakeWorker.started++;
  }
  addEventListener(): void {}
}

/** Counts the listeners of `window` and `document` that are removed by a signal. */
function countListeners(): { open: number } {
  const counts = { open: 0 };
  for (const target of [window, document]) {
    const add = target.addEventListener.bind(target);
    vi.spyOn(target, "addEventListener").mockImplementation(
      (type: string, listener: unknown, options?: unknown) => {
        const signal = (options as AddEventListenerOptions | undefined)?.signal;
        if (signal) {
          counts.open++;
          signal.addEventListener("abort", () => counts.open--);
        }
        add(type, listener as EventListener, options as AddEventListenerOptions);
      },
    );
  }
  return counts;
}

const create = (more: object) =>
  createAuth({ issuer: "https://id.example", clientId: "web", redirectUri: "/", ...more });

test.for(["no worker", "a worker"])(
  "D4: 10 times createAuth() and dispose() leave nothing, with %s",
  async (kind) => {
    vi.stubGlobal("SharedWorker", FakeWorker);
    Object.defineProperty(navigator, "locks", {
      configurable: true,
      value: { request: () => new Promise(() => {}), query: async () => ({}) },
    });
    const counts = countListeners();
    const worker = () => new SharedWorker("/auth-worker.js");
    for (let n = 0; n < 10; n++) {
      const auth = create(kind === "a worker" ? { worker } : {});
      // The page becomes idle, and the worker starts.
      await import("../../src/compose/worker.chunk.ts");
      if (n < 9) await new Promise((resolve) => setTimeout(resolve, 300));
      auth.dispose();
    }
    const { started } = FakeWorker;
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect({
      listeners: counts.open,
      ports: FakeWorker.open,
      afterDispose: FakeWorker.started - started,
    }).toEqual({
      listeners: 0,
      ports: 0,
      afterDispose: 0,
    });
    vi.restoreAllMocks();
  },
);

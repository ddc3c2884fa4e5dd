import type { WorkerHandle, WorkerPort } from "../../src/worker/worker-connection.ts";

/** The two ends of a message channel in one process. Messages arrive asynchronously, in order, and as copies. */
export function portPair(): readonly [WorkerPort, WorkerPort] {
  const closed = new Set<WorkerPort>();
  const make = (other: () => WorkerPort): WorkerPort => {
    const port: WorkerPort = {
      onmessage: null,
      postMessage: (message) => {
        const data: unknown = structuredClone(message);
        if (closed.has(port)) return;
        queueMicrotask(() => {
          if (!closed.has(other())) other().onmessage?.({ data } as MessageEvent);
        });
      },
      close: () => void closed.add(port),
    };
    return port;
  };
  const page: WorkerPort = make(() => worker);
  const worker: WorkerPort = make(() => page);
  return [page, worker];
}

/** A page's view of a worker, and the worker's port. `fail()` dispatches the event `error`, as for a script that is missing. */
export function workerHandle(): {
  readonly handle: WorkerHandle;
  readonly port: WorkerPort;
  readonly fail: () => void;
} {
  const [port, workerPort] = portPair();
  let onError = () => {};
  const handle = {
    port,
    addEventListener: (_: string, listener: () => void) => void (onError = listener),
  };
  return { handle, port: workerPort, fail: () => onError() };
}

import type { PageLifecycle } from "../core/ports.ts";

/**
 * The lifecycle of a worker. A worker has no visibility and gets no event when it freezes or ends. Its callers are pages that
 * wait, so the worker counts as visible.
 */
export const workerLifecycle: PageLifecycle = {
  online: () => navigator.onLine,
  visible: () => true,
  frozen: () => false,
  onEvent: (listener) => {
    const ended = new AbortController();
    self.addEventListener("online", () => listener("online"), { signal: ended.signal });
    return () => ended.abort();
  },
};

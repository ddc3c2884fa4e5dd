// This file is loaded on demand, by apps that refresh in a worker.
import { warnInDevelopment } from "../browser/page/development.ts";
import { hasSharedWorkers } from "../browser/page/shared-workers.ts";
import { chunk } from "../core/lazy.ts";
import type { Refresher } from "../core/refresher.ts";
import type { RefreshCoordinatorConfig } from "../refresh/coordinator.ts";
import type { WorkerConfig } from "../worker/messages.ts";
import type { WorkerHandle } from "../worker/worker-connection.ts";
import { WorkerRefresher } from "../worker/worker-refresher.ts";

/** The members of the configuration of `createAuth()` that a refresh in a worker needs. */
export interface AppInWorker extends WorkerConfig {
  readonly worker?: () => WorkerHandle;
  readonly persist?: "device" | "memory";
  readonly sessions?: unknown;
}

/**
 * Returns a `Refresher` that refreshes in the app's worker. `prepare()` starts the worker. Returns `own` where no worker can
 * refresh:
 * - With `persist: "memory"` or with a session store of the app, the tokens are in the pages.
 * - The browser has no shared workers or no Web Locks.
 */
export function refreshInWorker(
  own: Refresher,
  { worker: open, persist, sessions, ...app }: AppInWorker,
  { client, ports }: RefreshCoordinatorConfig,
): Refresher {
  if (!open || persist === "memory" || sessions || !hasSharedWorkers()) return own;
  const { issuer, clientId, endpoints, authTimeOnRefresh, tokenParameters } = app;
  const { timing, reuseLeewayMs } = app;
  return new WorkerRefresher({
    open,
    own,
    loadError: async () => (await chunk(import("./protocol.chunk.ts"))).RequestTokenError,
    warn: warnInDevelopment,
    client,
    worker: {
      issuer,
      clientId,
      endpoints,
      authTimeOnRefresh,
      tokenParameters,
      timing,
      reuseLeewayMs,
    },
    ports,
  });
}

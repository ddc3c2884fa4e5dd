import { createDatabase } from "../browser/storage/database.ts";
import { IndexedDBSessionStore } from "../browser/storage/indexeddb-session-store.ts";
import { BroadcastTabChannel } from "../browser/tabs/broadcast-tab-channel.ts";
import { webLocks } from "../browser/tabs/web-locks-tab-lock.ts";
import { systemClock, systemRandom } from "../browser/page/system-clock.ts";
import { ConfigurationError } from "../core/errors.ts";
import { clientKey, type ClientKey } from "../core/keys.ts";
import type { Clock, Page, TabLock } from "../core/ports.ts";
import type { Send } from "../core/refresher.ts";
import type { SessionStore } from "../core/session.ts";
import { RefreshCoordinator } from "../refresh/coordinator.ts";
import { refreshTiming } from "../refresh/timing.ts";
import type { WorkerConfig } from "./messages.ts";
import { RefreshServer, type WorkerRefreshes } from "./refresh-server.ts";
import { storedRefreshes } from "./stored-refreshes.ts";
import { workerLifecycle } from "./worker-lifecycle.ts";
import { workerLock } from "./worker-life.ts";
import { createWorkerServer, type WorkerServer } from "./worker-server.ts";

/** The objects with which a worker revokes refresh tokens. */
export interface WorkerRevocationParts {
  readonly client: ClientKey;
  readonly sessions: SessionStore;
  readonly locks: TabLock;
  readonly clock: Clock;
  readonly server: Pick<WorkerServer, "revoke">;
  readonly page: Pick<Page, "lifecycle">;
}

/**
 * Serves the refreshes of all pages that connect to this worker.
 * @param revokeWith returns the function that revokes the refresh tokens of one client
 * @throws ConfigurationError this code does not run in a `SharedWorker`
 */
export function servePages(revokeWith: (parts: WorkerRevocationParts) => Send["revoke"]): void {
  if (typeof self !== "object" || !("onconnect" in self)) {
    throw new ConfigurationError(
      "environment",
      "serveRefreshes() does not run in a shared worker",
      'Call serveRefreshes() in the script of the worker: new SharedWorker(new URL("./auth-worker.ts", import.meta.url), { type: "module" }).',
    );
  }
  const locks = webLocks();
  // Without Web Locks no page can learn that this worker has ended, so this worker responds to no page.
  if (!locks) return;
  const worker = systemRandom.id();
  const database = createDatabase();
  const sessions = new IndexedDBSessionStore(database);

  const create = (config: WorkerConfig): WorkerRefreshes => {
    const { issuer, clientId, timing, reuseLeewayMs } = config;
    const client = clientKey(issuer, clientId);
    const { requestMs } = refreshTiming(timing);
    const { send, revoke } = createWorkerServer(config, requestMs, {
      database,
      clock: systemClock,
    });
    const page = { lifecycle: workerLifecycle };
    const parts = { client, sessions, locks, clock: systemClock, server: { revoke }, page };
    const refresher = new RefreshCoordinator({
      client,
      tab: systemRandom.id(),
      ...(timing && { timing }),
      ...(reuseLeewayMs !== undefined && { reuseLeewayMs }),
      ports: {
        store: sessions,
        locks,
        channel: new BroadcastTabChannel(client),
        clock: systemClock,
        random: systemRandom,
        page: workerLifecycle,
        send: { ...send, revoke: revokeWith(parts) },
      },
    });
    // The first refresh then does not wait for the metadata and the keys.
    refresher.prepare().catch(() => {});
    return storedRefreshes({ client, refresher, store: sessions, clock: systemClock });
  };

  const isLocked = new Promise<void>((resolve) => {
    const hold = () => {
      resolve();
      return new Promise<never>(() => {});
    };
    // If the browser refuses the lock, this worker responds to no page.
    locks.request(workerLock(worker), { mode: "exclusive" }, hold).catch(() => {});
  });
  // The policy of this script forbids a request. The policy of the pages perhaps allows it, so the pages continue. A policy that
  // only reports forbids nothing.
  self.addEventListener("securitypolicyviolation", ({ effectiveDirective, disposition }) => {
    if (effectiveDirective === "connect-src" && disposition === "enforce") self.close();
  });
  const server = new RefreshServer({ worker, isLocked, create });
  // A listener, because the script can have an `onconnect` handler of its own. A port starts when its `onmessage` is set.
  self.addEventListener("connect", (event) => {
    for (const port of (event as MessageEvent).ports) server.connect(port);
  });
}

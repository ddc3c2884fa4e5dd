import { BroadcastTabLock } from "../../src/browser/tabs/broadcast-tab-lock.ts";
import { StorageError } from "../../src/core/errors.ts";
import { validateRefreshed } from "../../src/oidc/id-token/verify-stored.ts";
import { RefreshCoordinator } from "../../src/refresh/coordinator.ts";
import type { RefreshTiming } from "../../src/refresh/timing.ts";
import { RefreshServer } from "../../src/worker/refresh-server.ts";
import { WorkerRefresher } from "../../src/worker/worker-refresher.ts";
import { RequestTokenError } from "../../src/core/protocol-errors.ts";
import { revoke } from "../../src/auth/logout/revocation.ts";
import { passRevocations } from "../../src/auth/logout/pass-revocations.ts";

/** The code under test. The copy of a mutant has its own error classes. */
export interface Subject {
  readonly RefreshCoordinator: typeof RefreshCoordinator;
  readonly validateRefreshed: typeof validateRefreshed;
  readonly passRevocations: typeof passRevocations;
  readonly revoke: typeof revoke;
  readonly BroadcastTabLock: typeof BroadcastTabLock;
  readonly StorageError: typeof StorageError;
  readonly RequestTokenError: typeof RequestTokenError;
  readonly RefreshServer: typeof RefreshServer;
  readonly WorkerRefresher: typeof WorkerRefresher;
  readonly timing?: Partial<RefreshTiming>;
}

/** The code without a mutation. */
export const ORIGINAL: Subject = {
  RefreshCoordinator,
  BroadcastTabLock,
  validateRefreshed,
  passRevocations,
  revoke,
  StorageError,
  RequestTokenError,
  RefreshServer,
  WorkerRefresher,
};

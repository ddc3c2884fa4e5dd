import { BroadcastTabLock } from "../../src/browser/broadcast-tab-lock.ts";
import { StorageError } from "../../src/core/errors.ts";
import { passRevocations } from "../../src/manager/pass-revocations.ts";
import { revokeEnded } from "../../src/manager/revoke-ended.ts";
import { validateRefreshed } from "../../src/oidc/validate-refreshed.ts";
import { RefreshCoordinator } from "../../src/refresh/coordinator.ts";
import type { RefreshTiming } from "../../src/refresh/timing.ts";

/** The code under test. A changed copy of it has error classes of its own. */
export interface Subject {
  readonly RefreshCoordinator: typeof RefreshCoordinator;
  readonly validateRefreshed: typeof validateRefreshed;
  readonly passRevocations: typeof passRevocations;
  readonly revokeEnded: typeof revokeEnded;
  readonly BroadcastTabLock: typeof BroadcastTabLock;
  readonly StorageError: typeof StorageError;
  readonly timing?: Partial<RefreshTiming>;
}

export const ORIGINAL: Subject = {
  RefreshCoordinator,
  BroadcastTabLock,
  validateRefreshed,
  passRevocations,
  revokeEnded,
  StorageError,
};

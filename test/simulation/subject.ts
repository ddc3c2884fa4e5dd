import { StorageError } from "../../src/core/errors.ts";
import { RefreshCoordinator } from "../../src/refresh/coordinator.ts";
import type { RefreshTiming } from "../../src/refresh/timing.ts";

/** The code under test. A changed copy of it has error classes of its own. */
export interface Subject {
  readonly RefreshCoordinator: typeof RefreshCoordinator;
  readonly StorageError: typeof StorageError;
  readonly timing?: Partial<RefreshTiming>;
}

export const ORIGINAL: Subject = { RefreshCoordinator, StorageError };

import { systemClock } from "../browser/page/system-clock.ts";
import { webLocks } from "../browser/tabs/web-locks-tab-lock.ts";
import { TokenManager } from "../service/token-manager.ts";
import type { TokenManagerConfig } from "../service/token-manager-options.ts";
import { MemoryTabLock } from "../memory/memory-tab-lock.ts";

/** What `createTokenManager()` can be told; `locks` are Web Locks when not given, or the manager's own where there are none. */
export type CreateTokenManagerConfig = Omit<TokenManagerConfig, "locks" | "clock"> &
  Partial<Pick<TokenManagerConfig, "locks" | "clock">>;

/**
 * Composes a `TokenManager`: one request for all tabs of the origin where there are Web Locks, else for all who share this
 * manager, or its `locks`. Each manager needs a `service` or a `keyPrefix` of its own.
 */
export function createTokenManager(config: CreateTokenManagerConfig): TokenManager {
  const manager = new TokenManager({
    locks: webLocks() ?? new MemoryTabLock(),
    clock: systemClock,
    ...config,
  });
  manager.start();
  return manager;
}

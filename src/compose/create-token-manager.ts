import { systemClock } from "../browser/page/system-clock.ts";
import { webLocks } from "../browser/tabs/web-locks-tab-lock.ts";
import { TokenManager } from "../service/token-manager.ts";
import type { TokenManagerConfig } from "../service/token-manager-options.ts";
import { MemoryTabLock } from "../memory/memory-tab-lock.ts";

/**
 * The configuration of `createTokenManager()`. Without `locks`, the manager uses Web Locks. On a platform without Web Locks, it
 * uses locks of its own. Without `clock`, it uses the system's clock.
 */
export type CreateTokenManagerConfig = Omit<TokenManagerConfig, "locks" | "clock"> &
  Partial<Pick<TokenManagerConfig, "locks" | "clock">>;

/**
 * Composes a `TokenManager` and starts it. With Web Locks, all tabs of the origin share one request for a token. On a platform
 * without Web Locks, only the callers of this manager share one request, and the callers of managers with the same `locks`.
 * Each manager needs a `service` or `keyPrefix` of its own.
 * @throws TypeError `provider` is missing
 * @example
 * const billing = createTokenManager({
 *   service: "billing",
 *   provider: new CustomGrant(async () => (await fetch("/billing-token")).json()),
 *   storage: new IndexedDBTokenStorage(createDatabase()),
 * });
 * const token = await billing.getToken();
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

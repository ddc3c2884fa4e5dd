import { systemClock } from "../browser/page/system-clock.ts";
import { webLocks } from "../browser/tabs/web-locks-tab-lock.ts";
import { TokenManager } from "../service/token-manager.ts";
import type { TokenManagerConfig } from "../service/token-manager-options.ts";
import { MemoryTabLock } from "../memory/memory-tab-lock.ts";

/**
 * The configuration of `createTokenManager()`. If `locks` is missing, the manager uses Web Locks. If the platform has no Web
 * Locks, the manager uses a new `MemoryTabLock`. If `clock` is missing, the manager uses the system's clock.
 */
export type CreateTokenManagerConfig = Omit<TokenManagerConfig, "locks" | "clock"> &
  Partial<Pick<TokenManagerConfig, "locks" | "clock">>;

/**
 * Composes a `TokenManager` and starts it. Concurrent calls share one request for a token:
 * - If `locks` is given, the calls of all managers with the same `locks` share the request.
 * - If `locks` is missing, the calls in all tabs of the origin share the request.
 * - If `locks` is missing and the platform has no Web Locks, only the calls of this manager share the request.
 *
 * Give each manager a `service` or `keyPrefix` that no other manager of the origin has.
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

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
 * Composes a `TokenManager` and starts it. With Web Locks, all tabs of the origin share one request for a token. If the
 * platform has no Web Locks, the callers of one manager share one request. If several managers get the same `locks`, the
 * callers of all these managers share one request. Each manager needs a `service` or `keyPrefix` that no other manager of the
 * origin has.
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

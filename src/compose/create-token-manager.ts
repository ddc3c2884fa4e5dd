import { systemClock } from "../browser/page/system-clock.ts";
import { webLocks } from "../browser/tabs/web-locks-tab-lock.ts";
import { TokenManager } from "../service/token-manager.ts";
import type { TokenManagerConfig } from "../service/token-manager-options.ts";
import { MemoryTabLock } from "../memory/memory-tab-lock.ts";

/**
 * The configuration of `createTokenManager()`. Default of `locks`: Web Locks. Where the platform has no Web Locks, the default
 * is locks that only this manager uses. Default of `clock`: the system's clock.
 */
export type CreateTokenManagerConfig = Omit<TokenManagerConfig, "locks" | "clock"> &
  Partial<Pick<TokenManagerConfig, "locks" | "clock">>;

/**
 * Composes a `TokenManager` and starts it. With Web Locks, all tabs of the origin share one request for a token. Without Web
 * Locks, only the callers of this manager, and of managers with the same `locks`, share one request. Each manager needs its own
 * `service` or `keyPrefix`.
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

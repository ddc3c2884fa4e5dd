import { systemClock } from "../browser/page/system-clock.ts";
import { webLocks } from "../browser/tabs/web-locks-tab-lock.ts";
import { TokenManager } from "../service/token-manager.ts";
import type { TokenManagerConfig } from "../service/token-manager-options.ts";
import { MemoryTabLock } from "../memory/memory-tab-lock.ts";

/**
 * The configuration of `createTokenManager()`. Default of `locks`: Web Locks, or a `MemoryTabLock` on platforms without Web
 * Locks. Default of `clock`: the system clock.
 */
export type CreateTokenManagerConfig = Omit<TokenManagerConfig, "locks" | "clock"> &
  Partial<Pick<TokenManagerConfig, "locks" | "clock">>;

/**
 * Creates a `TokenManager` and starts it. By default, concurrent calls in all tabs of the origin share one request for a token.
 * Give each manager of an origin a different `service` or `keyPrefix`.
 * @throws ConfigurationError `patienceMs` is invalid
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

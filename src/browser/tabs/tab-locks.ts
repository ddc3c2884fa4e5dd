import { shared } from "../../core/lazy.ts";
import type { TabLock } from "../../core/ports.ts";
import { webLocks } from "./web-locks-tab-lock.ts";

/** Returns the browser's Web Locks. If the browser has no Web Locks, returns the locks that `loadOther()` loads. */
export function tabLocks(loadOther: () => Promise<TabLock>): TabLock {
  const other = shared(loadOther);
  const choose = async () => webLocks() ?? other();
  return {
    request: async (name, options, callback) => (await choose()).request(name, options, callback),
    query: async () => (await choose()).query(),
  };
}

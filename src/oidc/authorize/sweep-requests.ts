import { State } from "oidc-client-ts";
import type { RequestStore } from "../../core/request-store.ts";

/** The maximum age of a pending request. Older requests are deleted. oidc-client-ts has the same limit by default. Seconds. */
const STALE_S = 900;

/** Deletes requests that got no response within `STALE_S` seconds, and records that cannot be read. */
export function sweep(requests: RequestStore): Promise<void> {
  return State.clearStaleState(quiet(requests), STALE_S);
}

/**
 * Wraps a store. The `remove()` of the wrapper never rejects. oidc-client-ts does not await `remove()`, so a rejection would be
 * an unhandled rejection of the page.
 */
function quiet(requests: RequestStore): RequestStore {
  return {
    get: (id) => requests.get(id),
    set: (id, value) => requests.set(id, value),
    remove: (id) => requests.remove(id).catch(() => null),
    getAllKeys: () => requests.getAllKeys(),
  };
}

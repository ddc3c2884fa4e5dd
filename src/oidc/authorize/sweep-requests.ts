import { State } from "oidc-client-ts";
import type { RequestStore } from "../../core/request-store.ts";

/** A pending request that is older than this is deleted. oidc-client-ts has the same default. Seconds. */
const STALE_S = 900;

/** Deletes requests that got no response within `STALE_S` seconds, and records that cannot be read. */
export function sweep(requests: RequestStore): Promise<void> {
  return State.clearStaleState(quiet(requests), STALE_S);
}

/**
 * Wraps a store so that `remove()` never rejects. oidc-client-ts does not await `remove()`, so a rejection would be unhandled.
 */
function quiet(requests: RequestStore): RequestStore {
  return {
    get: (id) => requests.get(id),
    set: (id, value) => requests.set(id, value),
    remove: (id) => requests.remove(id).catch(() => null),
    getAllKeys: () => requests.getAllKeys(),
  };
}

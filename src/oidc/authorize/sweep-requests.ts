import { State } from "oidc-client-ts";
import type { RequestStore } from "../../core/request-store.ts";

/** Age at which a pending request is deleted. oidc-client-ts has the same default. Seconds. */
const STALE_S = 900;

/** Deletes requests that got no response in `STALE_S` seconds, and records that cannot be read. */
export function sweep(requests: RequestStore): Promise<void> {
  return State.clearStaleState(quiet(requests), STALE_S);
}

/** Wraps a store so that a removal never rejects. oidc-client-ts does not await removals, so a rejection would be unhandled. */
function quiet(requests: RequestStore): RequestStore {
  return {
    get: (id) => requests.get(id),
    set: (id, value) => requests.set(id, value),
    remove: (id) => requests.remove(id).catch(() => null),
    getAllKeys: () => requests.getAllKeys(),
  };
}

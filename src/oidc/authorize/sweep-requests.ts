import { State } from "oidc-client-ts";
import type { RequestStore } from "../../core/request-store.ts";

/** Age at which a pending request is stale, as in oidc-client-ts. Seconds. */
const STALE_S = 900;

/** Removes requests that got no response, and records that cannot be read. */
export function sweep(requests: RequestStore): Promise<void> {
  return State.clearStaleState(quiet(requests), STALE_S);
}

/** oidc-client-ts does not await its removals, so a failed removal would become an unhandled rejection. */
function quiet(requests: RequestStore): RequestStore {
  return {
    get: (id) => requests.get(id),
    set: (id, value) => requests.set(id, value),
    remove: (id) => requests.remove(id).catch(() => null),
    getAllKeys: () => requests.getAllKeys(),
  };
}

import { State } from "oidc-client-ts";
import type { RequestStore } from "../../core/request-store.ts";

/** As long as oidc-client-ts keeps pending requests. Seconds. */
const STALE_S = 900;

/** Removes requests that nobody came back for, and what cannot be read. */
export function sweep(requests: RequestStore): Promise<void> {
  return State.clearStaleState(quiet(requests), STALE_S);
}

/** The sweep lets its removals float; one that fails must not surface as an unhandled rejection. */
function quiet(requests: RequestStore): RequestStore {
  return {
    get: (id) => requests.get(id),
    set: (id, value) => requests.set(id, value),
    remove: (id) => requests.remove(id).catch(() => null),
    getAllKeys: () => requests.getAllKeys(),
  };
}

import { shared } from "../../core/lazy.ts";
import type { SessionStore } from "../../core/session.ts";

/**
 * Returns a session store with two parts. `rows` stores the session rows. The store that `load()` returns stores the tokens.
 * The first use of tokens calls `load()`. If `load()` rejects, the next use calls `load()` again.
 */
export function sessionsWith(
  rows: SessionStore,
  load: () => Promise<Pick<SessionStore, "seal" | "open" | "discard">>,
): SessionStore {
  const tokens = shared(load);
  return {
    get: (key) => rows.get(key),
    update: (key, change) => rows.update(key, change),
    seal: async (record) => (await tokens()).seal(record),
    open: async (sealed) => (await tokens()).open(sealed),
    discard: (sealed) =>
      void tokens().then(
        (loaded) => loaded.discard?.(sealed),
        () => {},
      ),
  };
}

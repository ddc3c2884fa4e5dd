import { shared } from "../../core/lazy.ts";
import type { SessionStore } from "../../core/session.ts";

/** Sessions of `rows` whose tokens are kept by what `load` gives. */
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

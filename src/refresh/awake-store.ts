import type { SessionStore } from "../core/session.ts";
import type { RefreshPorts } from "./run.ts";

/**
 * Returns a store whose methods `get` and `update` wait while the page is frozen. An open transaction of a frozen page would
 * block the other tabs.
 */
export function awakeStore(store: SessionStore, page: RefreshPorts["page"]): SessionStore {
  return {
    get: async (key) => {
      await untilAwake(page);
      return store.get(key);
    },
    update: async (key, change) => {
      await untilAwake(page);
      return store.update(key, change);
    },
    seal: (record) => store.seal(record),
    open: (tokens) => store.open(tokens),
  };
}

async function untilAwake(page: RefreshPorts["page"]): Promise<void> {
  if (!page.frozen()) return;
  let unwatch = () => {};
  await new Promise<void>((resolve) => {
    unwatch = page.onEvent(() => {
      if (!page.frozen()) resolve();
    });
  });
  unwatch();
}

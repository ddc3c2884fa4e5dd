import type { SessionStore } from "../core/session.ts";
import type { RefreshPorts } from "./run.ts";

/**
 * The store of a page that may sleep: nothing is begun meanwhile, because a page that stands still in the middle of a
 * transaction holds up every other tab's.
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

import { StorageError } from "../../src/core/errors.ts";
import type { PageLifecycle } from "../../src/core/ports.ts";
import type { RefreshResponse } from "../../src/core/refresher.ts";
import { RefreshCoordinator } from "../../src/refresh/coordinator.ts";
import { CLIENT, testClock, type browser } from "../refresh/tabs.ts";

/** A page that is visible and gets no events. */
export const PAGE: PageLifecycle = {
  online: () => true,
  visible: () => true,
  frozen: () => false,
  onEvent: () => () => {},
};

/**
 * Returns the store of `all`, whose writes fail while `isFull()` returns true, and `create()`, which creates the refreshes of a
 * tab with this store. `send`: the server. `tab`: the id of the tab that sends.
 */
export function withFullDisk(
  all: ReturnType<typeof browser>,
  isFull: () => boolean,
  send: (tab: string) => RefreshResponse,
) {
  const store = {
    get: all.store.get.bind(all.store),
    update: (...args: Parameters<typeof all.store.update>) =>
      isFull() ? Promise.reject(new StorageError("disk full")) : all.store.update(...args),
    seal: all.store.seal.bind(all.store),
    open: all.store.open.bind(all.store),
  };
  let ids = 0;
  const create = (tab: string) =>
    new RefreshCoordinator({
      client: CLIENT,
      tab,
      ports: {
        store,
        locks: all.locks,
        channel: all.channel(),
        clock: testClock,
        page: PAGE,
        random: { id: () => `${tab}-${++ids}`, fraction: () => 0.5 },
        send: {
          prepare: async () => {},
          sync: async () => {},
          send: async () => send(tab),
          verify: async () => ({ type: "unknown" }),
          revoke: async () => {},
        },
      },
    });
  return { store, create };
}

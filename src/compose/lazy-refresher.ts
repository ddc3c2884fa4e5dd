import { abortable } from "../core/abortable.ts";
import { chunk, shared } from "../core/lazy.ts";
import type { Refresher } from "../core/refresher.ts";
import type { RefreshCoordinatorConfig } from "../refresh/coordinator.ts";

/** A token does not wait longer for code that cannot be loaded, or keys that do not come. Milliseconds. */
const VALIDATION_MS = 2_000;

/** The refresh coordinator, loaded when a token is first refreshed: a page whose token is good does without. */
export function createRefresher(config: RefreshCoordinatorConfig): Refresher {
  const load = shared(async () => {
    // At the same time, not one after the other. Whether it worked is asked again before anything is claimed.
    config.ports.send.prepare().catch(() => {});
    const { RefreshCoordinator } = await chunk(import("./protocol.chunk.ts"));
    return new RefreshCoordinator(config);
  });
  return {
    refresh: async (need, signal) => (await abortable(load(), signal)).refresh(need, signal),
    prepare: async () => (await load()).prepare(),
    validate: async (user) =>
      Promise.race([
        load().then((refresher) => refresher.validate(user)),
        config.ports.clock.sleep(VALIDATION_MS),
      ]),
  };
}

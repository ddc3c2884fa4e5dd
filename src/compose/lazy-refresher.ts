import { abortable } from "../core/abortable.ts";
import { chunk, shared } from "../core/lazy.ts";
import type { Refresher } from "../core/refresher.ts";
import type { RefreshCoordinatorConfig } from "../refresh/coordinator.ts";

/** How long a call waits for the validation of an ID token: its code or the keys may not arrive. Milliseconds. */
const VALIDATION_MS = 2_000;

/**
 * Returns a `Refresher` that runs in this page. Its code is loaded with the first refresh, so a page with a valid token does
 * not load it.
 * @throws NetworkError from its methods: the code could not be loaded
 * @throws ConfigurationError from its methods: `timing.takeoverMs` is too short
 * @example
 * const compose = ({ client, sessions, locks, clock, random }: GrantParts, send: Send) => {
 *   const [channel, page] = [new BroadcastTabChannel(client), new DocumentPage().lifecycle];
 *   const ports = { store: sessions, locks, channel, clock, random, page, send };
 *   return createRefresher({ client, tab: random.id(), ports });
 * };
 */
export function createRefresher(config: RefreshCoordinatorConfig): Refresher {
  const load = shared(async () => {
    // Loads both chunks at the same time. The coordinator calls `prepare()` again before each attempt, so errors do not matter.
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

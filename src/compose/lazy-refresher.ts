import { abortable } from "../core/abortable.ts";
import { chunk, shared } from "../core/lazy.ts";
import type { Refresher } from "../core/refresher.ts";
import type { RefreshCoordinatorConfig } from "../refresh/coordinator.ts";
import type { AppInWorker } from "./worker.chunk.ts";

/**
 * `validate()` resolves after this time even if the validation has not ended, for example because code loads slowly.
 * Milliseconds.
 */
const VALIDATION_MS = 2_000;
/** If the code for a worker is not loaded within this time, this page refreshes by itself. Milliseconds. */
const LOAD_MS = 1_000;

/**
 * Returns a `Refresher` for this page. The first call of a method loads the code of the `Refresher`. If `app` has a `worker`, the
 * worker refreshes. While the code for that cannot be loaded, this page refreshes.
 * @throws NetworkError from the returned methods: their code could not be loaded
 * @throws ConfigurationError from the returned methods: `timing.takeoverMs` is too short
 */
export function createRefresher(app: AppInWorker, config: RefreshCoordinatorConfig): Refresher {
  const load = shared(async () => {
    // `prepare()` loads the code of `send` while the coordinator's code is loading. An error is ignored here, because the
    // coordinator calls `prepare()` again before each refresh.
    config.ports.send.prepare().catch(() => {});
    const { RefreshCoordinator } = await chunk(import("./protocol.chunk.ts"));
    return new RefreshCoordinator(config);
  });
  const own: Refresher = {
    refresh: async (need, signal) => (await abortable(load(), signal)).refresh(need, signal),
    prepare: async () => (await load()).prepare(),
    validate: async (user) =>
      Promise.race([
        load().then((refresher) => refresher.validate(user)),
        config.ports.clock.sleep(VALIDATION_MS),
      ]),
  };
  if (!app.worker) return own;
  const loadWorker = shared(async () => {
    const { refreshInWorker } = await chunk(import("./worker.chunk.ts"));
    return refreshInWorker(own, app, config);
  });
  const loaded = () => loadWorker().catch(() => own);
  const late = () => config.ports.clock.sleep(LOAD_MS).then(() => own);
  return {
    ...own,
    refresh: async (need, signal) =>
      (await abortable(Promise.race([loaded(), late()]), signal)).refresh(need, signal),
    prepare: async () => (await loaded()).prepare(),
    close: () => void loaded().then((refresher) => refresher.close?.()),
  };
}

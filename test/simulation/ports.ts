import type { Clock, Random } from "../../src/core/ports.ts";
import type { RefreshPorts } from "../../src/refresh/run.ts";
import { EPOCH, record, type Stage } from "./stage.ts";
import type { TabLifecycle } from "./tab-life.ts";

/** The clock of one tab. Timers that expire while the tab is stopped fire when its code runs again. */
export function tabClock(stage: Stage, life: TabLifecycle): Clock {
  const { scheduler, weather, timing, prng } = stage;
  const origin = prng.between(0, 1_000_000);
  return {
    now: () => EPOCH + scheduler.now + weather.wallOffsetMs,
    monotonic: () => scheduler.now + origin,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error);
        if (ms > 2 * timing.tickMs && ms !== timing.patienceMs) {
          record(stage, { what: "pause", tab: life.name, ms });
        }
        const fire = () => {
          signal?.removeEventListener("abort", leave);
          resolve();
        };
        const job = scheduler.after(ms, () =>
          life.deliver("timer", () => !signal?.aborted && fire()),
        );
        const leave = () => {
          scheduler.cancel(job);
          reject(signal!.reason as Error);
        };
        signal?.addEventListener("abort", leave, { once: true });
      }),
  };
}

/** The page lifecycle of one tab. */
export function tabPage({ weather }: Stage, life: TabLifecycle): RefreshPorts["page"] {
  return {
    online: () => weather.online,
    visible: () => life.visible,
    frozen: () => life.isFrozen,
    onEvent: (listener) => life.onEvent(listener),
  };
}

/** The random source of one tab. Its ids start with the name of the tab. */
export function tabRandom({ prng }: Stage, life: TabLifecycle): Random {
  let ids = 0;
  return { id: () => `${life.name}.${++ids}`, fraction: () => prng.fraction() };
}

import { StorageError } from "../core/errors.ts";
import { backOff, pauseUntilInterrupted } from "./back-off.ts";
import type { Run } from "./run.ts";

/**
 * What a server said is said once: a store that fails is asked again, at once, when the page wakes and with back-off, for as
 * long as the page lives.
 */
export async function untilStored<T>(
  run: Run,
  write: () => Promise<T>,
  onFailing: () => Promise<void> = async () => {},
): Promise<T> {
  for (let sends = 0; ; sends++) {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      run.failure = error;
      if (sends === 1) await onFailing();
      if (sends > 0) await pauseUntilInterrupted(run, backOff(run, undefined, sends), 0);
    }
  }
}

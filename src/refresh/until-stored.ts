import { StorageError } from "../core/errors.ts";
import { backOff } from "./back-off.ts";
import type { Run } from "./run.ts";

/** What a server said is said once: a store that fails is asked again, with back-off, for as long as the page lives. */
export async function untilStored<T>(run: Run, write: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      run.failure = error;
      await run.ports.clock.sleep(tries === 0 ? 0 : backOff(run, tries));
    }
  }
}

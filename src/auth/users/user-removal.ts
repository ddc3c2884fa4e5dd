import type { Grant } from "../../core/grant.ts";
import type { Clock } from "../../core/ports.ts";

type Listener = (sub: string) => unknown;

/** A logout waits at most this long for the listeners, because the storage of a listener might hang. Milliseconds. */
const PATIENCE_MS = 2_000;

/** When a user logs out or is forgotten, notifies the code that stores data of this user. */
export interface UserRemoval {
  /** Adds a listener. Returns a function that removes it. */
  listen(listener: Listener): () => void;
  /** Calls the listeners with `sub`. Resolves when all of them are done, or after 2 seconds. Never rejects. */
  tell(sub: string): Promise<unknown>;
}

/** Notifies the grant and the app's listeners when a user logs out or is forgotten, so that they delete the user's data. */
export function createUserRemoval({
  grant,
  clock,
}: {
  readonly grant: Grant;
  readonly clock: Clock;
}): UserRemoval {
  const listeners = new Set<Listener>([(sub) => grant.removeUser?.(sub)]);
  return {
    listen(listener) {
      // Each call of `listen()` adds a new wrapper. If an app adds the same function twice, the app can then remove each of the
      // two separately.
      const own: Listener = (sub) => listener(sub);
      listeners.add(own);
      return () => listeners.delete(own);
    },
    tell: (sub) =>
      Promise.race([
        Promise.allSettled([...listeners].map(async (listener) => listener(sub))),
        clock.sleep(PATIENCE_MS),
      ]),
  };
}

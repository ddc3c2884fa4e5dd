import type { Grant } from "../../core/grant.ts";
import type { Clock } from "../../core/ports.ts";

type Listener = (sub: string) => unknown;

/** The longest time that a logout waits for the listeners. Milliseconds. */
const PATIENCE_MS = 2_000;

/** Notifies listeners when a user logs out or is forgotten. The listeners then delete their data of the user. */
export interface UserRemoval {
  /** Adds a listener. Returns a function that removes the listener. */
  listen(listener: Listener): () => void;
  /** Calls the listeners with `sub`. Resolves when all listeners are done, or after 2 seconds. Never rejects. */
  tell(sub: string): Promise<unknown>;
}

/**
 * Creates a `UserRemoval`. The first listeners are the grant, which can cache tokens of the user, and the function
 * that deletes pending requests of the user.
 */
export function createUserRemoval({
  grant,
  deleteTraces,
  clock,
}: {
  readonly grant: Grant;
  readonly deleteTraces?: ((sub: string) => Promise<void>) | undefined;
  readonly clock: Clock;
}): UserRemoval {
  const listeners = new Set<Listener>([
    (sub) => grant.removeUser?.(sub),
    (sub) => deleteTraces?.(sub),
  ]);
  return {
    listen(listener) {
      // With a new function per call, an app can add the same listener twice and remove each addition separately.
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

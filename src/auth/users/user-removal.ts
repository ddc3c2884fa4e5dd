import type { Grant } from "../../core/grant.ts";
import type { Clock } from "../../core/ports.ts";

type Listener = (sub: string) => unknown;

/** A storage that hangs must not hold a sign-out up. Milliseconds. */
const PATIENCE_MS = 2_000;

export interface UserRemoval {
  /** Returns its undo. */
  listen(listener: Listener): () => void;
  /** Resolves when all listeners are done, or the patience ends. Never rejects. */
  tell(sub: string): Promise<unknown>;
}

/** Those that delete what they stored of a user who signs out or is forgotten: the grant, and the app's listeners. */
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
      // One function may listen twice.
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

import { abortable } from "./abortable.ts";
import { NetworkError } from "./errors.ts";

/** Latchkey waits this long for one of its parts to load. Without this limit, browsers would wait for minutes. Milliseconds. */
const PATIENCE_MS = 20_000;

/**
 * Waits for `loading`, the `import()` of a part of Latchkey, and returns its result.
 * @throws NetworkError the part could not be loaded within 20 seconds
 */
export function chunk<T>(loading: Promise<T>): Promise<T> {
  return abortable(loading, AbortSignal.timeout(PATIENCE_MS)).catch((cause: unknown) => {
    throw new NetworkError(
      "a part of Latchkey could not be loaded",
      cause,
      "Try again. If loading fails again, reload the page, because a new version of the app was probably deployed.",
    );
  });
}

/**
 * Returns a function that calls `make` once and returns the same promise to all callers. If `make` fails, the next call of the
 * function calls `make` again.
 */
export function shared<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    const current = (made ??= make());
    current.catch(() => {
      if (made === current) made = undefined;
    });
    return current;
  };
}

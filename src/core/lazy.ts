import { abortable } from "./abortable.ts";
import { NetworkError } from "./errors.ts";

/** The longest time that an `import()` can take. Milliseconds. Without this limit, browsers would wait for minutes. */
const PATIENCE_MS = 20_000;

/**
 * Returns the result of `loading`, the promise of an `import()`.
 * @throws NetworkError the module could not be loaded within 20 seconds
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
 * Returns a function that calls `make` once and gives all callers the same promise. If `make` fails, the next caller starts
 * `make` again.
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

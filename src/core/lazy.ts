import { abortable } from "./abortable.ts";
import { NetworkError } from "./errors.ts";

/** Without this limit a browser waits for minutes. Milliseconds. */
const PATIENCE_MS = 20_000;

/**
 * Resolves with a part of Latchkey that is loaded when it is first needed.
 * @throws NetworkError the part could not be loaded, or not in time
 */
export function chunk<T>(loading: Promise<T>): Promise<T> {
  return abortable(loading, AbortSignal.timeout(PATIENCE_MS)).catch((cause: unknown) => {
    throw new NetworkError(
      "a part of Latchkey could not be loaded",
      cause,
      "Try again. If it fails again, a new version of the app was deployed: reload the page.",
    );
  });
}

/** Returns a function that calls `make` once and shares its result. After a failure, the next call tries again. */
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

import { abortable } from "./abortable.ts";
import { NetworkError } from "./errors.ts";

/** A browser waits for minutes. Milliseconds. */
const PATIENCE_MS = 20_000;

/** A part of Latchkey that is loaded when it is first needed. @throws NetworkError it cannot be had, or not in time */
export function chunk<T>(loading: Promise<T>): Promise<T> {
  return abortable(loading, AbortSignal.timeout(PATIENCE_MS)).catch((cause: unknown) => {
    throw new NetworkError(
      "a part of Latchkey could not be loaded",
      cause,
      "Try again; if it stays, the app was deployed anew: reload the page.",
    );
  });
}

/** The same result for everybody; a failure is forgotten. */
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

import { NetworkError } from "./errors.ts";

/** A part of Latchkey that is loaded when it is first needed. @throws NetworkError it cannot be had */
export function chunk<T>(loading: Promise<T>): Promise<T> {
  return loading.catch((cause: unknown) => {
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

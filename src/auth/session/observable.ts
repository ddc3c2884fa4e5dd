/** A value with listeners. */
export interface Observable<T> {
  /** Returns the current value. While the content does not change, every call returns the same object. */
  get(): T;
  /** Replaces the value and calls the listeners. Does nothing if the content is the same. */
  set(next: T): void;
  /** Calls `listener` after each change. Returns a function that removes `listener`. */
  subscribe(listener: () => void): () => void;
}

/** Creates an `Observable` with the value `initial`. */
export function observable<T>(initial: T): Observable<T> {
  const listeners = new Set<() => void>();
  let current = initial;
  return {
    get: () => current,
    set: (next) => {
      if (JSON.stringify(next) === JSON.stringify(current)) return;
      current = next;
      for (const listener of [...listeners]) tell(listener);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}

/**
 * Calls a listener. If the listener throws, the browser reports an uncaught error, and `set()` still calls the other listeners.
 */
function tell(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

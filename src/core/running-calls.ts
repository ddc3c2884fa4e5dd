/** The calls of an object that have not ended. The end of an `await using` block waits for them. */
export class RunningCalls {
  readonly #calls = new Set<Promise<unknown>>();

  /** Adds a call until it ends, and returns the same promise, so that its caller learns of the end first. */
  track<T>(call: Promise<T>): Promise<T> {
    const remove = () => this.#calls.delete(call);
    this.#calls.add(call);
    call.then(remove, remove);
    return call;
  }

  /** Waits until no call is running. Also waits for calls that begin meanwhile. */
  async ended(): Promise<void> {
    while (this.#calls.size > 0) await Promise.allSettled(this.#calls);
  }
}

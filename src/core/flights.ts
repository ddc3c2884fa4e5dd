import { abortable } from "./abortable.ts";

interface Flight<T> {
  readonly result: Promise<T>;
  readonly stop: Stop;
  waiting: number;
}

/**
 * Aborts a run. The `AbortController` is created when the signal is read, because its creation and its abort take as long as a
 * read of a cached token.
 */
export class Stop {
  #controller: AbortController | undefined;
  #isAborted = false;

  /** The signal that is aborted when the last caller stops waiting. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#isAborted) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  abort(): void {
    this.#isAborted = true;
    this.#controller?.abort();
  }
}

/**
 * Shares one run of an asynchronous function between all callers that pass the same key at the same time. The run is aborted
 * when its last caller stops waiting.
 */
export class Flights<T> {
  readonly #flights = new Map<string, Flight<T>>();

  /**
   * Returns the result of the run with this `key`. If there is no such run, starts a run with `begin`. If `signal` is aborted,
   * this caller's promise rejects. The run continues while other callers wait for the result.
   */
  async join(
    key: string,
    begin: (stop: Pick<Stop, "signal">) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    signal?.throwIfAborted();
    const flight = this.#flights.get(key) ?? this.#begin(key, begin);
    flight.waiting++;
    try {
      return await abortable(flight.result, signal);
    } finally {
      flight.waiting--;
      if (flight.waiting === 0) {
        // A later caller must not join a run that is being aborted.
        if (this.#flights.get(key) === flight) this.#flights.delete(key);
        flight.stop.abort();
      }
    }
  }

  #begin(key: string, begin: (stop: Pick<Stop, "signal">) => Promise<T>): Flight<T> {
    const stop = new Stop();
    const flight: Flight<T> = { result: begin(stop), stop, waiting: 0 };
    this.#flights.set(key, flight);
    return flight;
  }
}

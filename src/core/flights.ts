import { abortable } from "./abortable.ts";

/** A running call of a function, and the number of callers that wait for its result. */
interface Flight<T> {
  readonly result: Promise<T>;
  readonly stop: AbortController;
  waiting: number;
}

/**
 * Shares one run of an asynchronous function between all callers that pass the same key at the same time. The run is aborted
 * when no caller waits for its result any more.
 */
export class Flights<T> {
  readonly #flights = new Map<string, Flight<T>>();

  /**
   * Waits for the run with this `key` and returns its result. If there is no such run, starts one with `begin`. If `signal` is
   * aborted, the promise of this caller rejects with the signal's reason. The run goes on as long as other callers wait for it.
   */
  async join(
    key: string,
    begin: (stop: AbortSignal) => Promise<T>,
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

  #begin(key: string, begin: (stop: AbortSignal) => Promise<T>): Flight<T> {
    const stop = new AbortController();
    const flight: Flight<T> = { result: begin(stop.signal), stop, waiting: 0 };
    this.#flights.set(key, flight);
    return flight;
  }
}

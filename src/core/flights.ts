import { abortable } from "./abortable.ts";

/** One run and the number of its callers. */
interface Flight<T> {
  readonly result: Promise<T>;
  readonly stop: AbortController;
  waiting: number;
}

/** Shares one run between all callers of the same key. The run is aborted when its last caller has left. */
export class Flights<T> {
  readonly #flights = new Map<string, Flight<T>>();

  /**
   * Joins the run of `key`, or begins it. Settles as the run does, or rejects with the signal's reason once `signal` is
   * aborted: the run goes on for its other callers.
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

import { abortable } from "./abortable.ts";

interface Flight<T> {
  readonly result: Promise<T>;
  readonly stop: AbortController;
  waiting: number;
}

/** One run for all who want the same at the same time. It is told to stop when the last of them has left. */
export class Flights<T> {
  readonly #flights = new Map<string, Flight<T>>();

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
        // Whoever comes now must not join what is being stopped.
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

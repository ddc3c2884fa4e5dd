/**
 * A pause of an API. During the pause, Latchkey does not retry a request to which the API responded with 401. The pause begins
 * when the API refused a retry with a newer token, or when no newer token was available for a retry.
 */
export interface ApiPause {
  /** The number of retries in a row that failed. */
  readonly count: number;
  /** The time at which the pause ends. Milliseconds since the epoch. */
  readonly until: number;
}

/** Stores the pauses of APIs, by the API's origin. A `Map` implements this interface. */
export interface ApiPauses {
  /** Returns the last pause of `origin`, even if the pause has ended already. */
  get(origin: string): ApiPause | undefined;
  /** Replaces the stored pause of `origin`. `undefined` deletes it. */
  set(origin: string, pause: ApiPause | undefined): unknown;
}

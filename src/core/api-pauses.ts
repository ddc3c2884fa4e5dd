/**
 * A period in which Latchkey does not retry a request to an API after a 401 response. The pause begins in two cases: the API
 * has refused a retry with a newer token, or there was no newer token for a retry.
 */
export interface ApiPause {
  /** The number of 401 responses in a row that began a pause. */
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

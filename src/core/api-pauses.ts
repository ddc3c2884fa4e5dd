/**
 * A pause that follows a failed retry of a request to one API. During the pause, requests to this API are not repeated after a
 * 401 response.
 */
export interface ApiPause {
  /** The number of failed retries in a row, including the retry that started this pause. */
  readonly count: number;
  /** When the pause ends. Milliseconds since the epoch. */
  readonly until: number;
}

/** Stores one pause for each API. The key is the origin of the API. A `Map` implements this interface. */
export interface ApiPauses {
  /** Returns the stored pause of `origin`. The pause might have ended already. */
  get(origin: string): ApiPause | undefined;
  /** Stores `pause` for `origin`. If `pause` is undefined, deletes the stored pause of `origin`. */
  set(origin: string, pause: ApiPause | undefined): unknown;
}

/**
 * The time in which a 401 response of an API causes no retry with a newer token. The pause begins after a retry that failed,
 * because the API refused the newer token, too, or because there was no newer token.
 */
export interface ApiPause {
  /** How many retries with a newer token failed in a row. */
  readonly count: number;
  /** When the pause ends. Milliseconds since the epoch. */
  readonly until: number;
}

/** Stores the pauses of APIs, by the API's origin. A `Map` implements this interface. */
export interface ApiPauses {
  /** Returns the last pause of `origin`, even if the pause has ended already. */
  get(origin: string): ApiPause | undefined;
  /** Replaces the stored pause of `origin`. `undefined` deletes it. */
  set(origin: string, pause: ApiPause | undefined): unknown;
}

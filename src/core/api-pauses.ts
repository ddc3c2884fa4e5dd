/** The pause of an API that refused a newer token, too. */
export interface ApiPause {
  /** How many newer tokens the API refused in a row. */
  readonly count: number;
  /** Until then no token is replaced for this API. Milliseconds since the epoch. */
  readonly until: number;
}

/** The pauses of all APIs, by origin. A `Map` implements this interface. */
export interface ApiPauses {
  /** The last pause of `origin`, even one that has ended. */
  get(origin: string): ApiPause | undefined;
  /** `undefined` deletes the pause. */
  set(origin: string, pause: ApiPause | undefined): unknown;
}

/** An API that refused a newer token, too. */
export interface ApiPause {
  /** How many newer tokens it refused in a row. */
  readonly count: number;
  /** No token is replaced for this API before. Milliseconds since the epoch. */
  readonly until: number;
}

/** The pauses of APIs, by origin. A `Map` is one. */
export interface ApiPauses {
  get(origin: string): ApiPause | undefined;
  /** `undefined` deletes the pause. */
  set(origin: string, pause: ApiPause | undefined): unknown;
}

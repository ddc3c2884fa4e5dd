/**
 * Says which user the tokens of a grant belong to, so that each user's tokens are stored separately. An `Auth` is a
 * `TokenOwner`.
 */
export interface TokenOwner {
  /** Returns the current user, or undefined when no user is logged in. */
  getUser(): Promise<OwnerId | undefined>;
  /** Calls `listener` with the `sub` of each user who logs out or is forgotten. Returns a function that removes `listener`. */
  onUserRemoved?(listener: (sub: string) => unknown): () => void;
}

/** Identifies the user that tokens belong to. */
export interface OwnerId {
  /** The `sub` of the user. Empty when the tokens depend on no user. */
  readonly sub: string;
  /**
   * True when the user is unknown. `sub` is then a hash of an access token instead of the identifier of a user. So tokens of
   * different unknown users are never mixed.
   */
  readonly isDerived?: boolean;
}

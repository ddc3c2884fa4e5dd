/**
 * Says which user the tokens of a grant belong to, so that each user's tokens are stored separately. An `Auth` is a
 * `TokenOwner`.
 */
export interface TokenOwner {
  /** Returns the user who is logged in, or undefined if no user is logged in. */
  getUser(): Promise<OwnerId | undefined>;
  /**
   * Calls `listener` with the `sub` of each user who logs out or whom the app removes. Returns a function that removes
   * `listener`.
   */
  onUserRemoved?(listener: (sub: string) => unknown): () => void;
}

/** Identifies the user that tokens belong to. */
export interface OwnerId {
  /** The `sub` of the user. Empty if the tokens do not belong to a user. */
  readonly sub: string;
  /**
   * True if the user is unknown. `sub` is then a hash of an access token. So the tokens of two unknown users are never mixed.
   */
  readonly isDerived?: boolean;
}

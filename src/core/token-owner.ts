/** Says which user the tokens of a grant belong to, for code that stores them. An `Auth` is a `TokenOwner`. */
export interface TokenOwner {
  /** Returns the current user, or undefined when no user is logged in. */
  getUser(): Promise<OwnerId | undefined>;
  /** Calls `listener` with the `sub` of each user who logs out or is forgotten. Returns a function that removes `listener`. */
  onUserRemoved?(listener: (sub: string) => unknown): () => void;
}

/** The owner of tokens. */
export interface OwnerId {
  /** Empty when the tokens depend on no user. */
  readonly sub: string;
  /** The user is unknown. `sub` is a hash of the user's token, so another token has another `sub`. */
  readonly isDerived?: boolean;
}

/** Says whose tokens are given, for those that store them. An `Auth` is one. */
export interface TokenOwner {
  /** The current user. Undefined when nobody is signed in. */
  getUser(): Promise<OwnerId | undefined>;
  /** Calls `listener` with the `sub` of each user who signs out or is forgotten. Returns its undo. */
  onUserRemoved?(listener: (sub: string) => unknown): () => void;
}

/** Which user. */
export interface OwnerId {
  /** Empty when the tokens depend on no user. */
  readonly sub: string;
  /** Nobody says who the user is: `sub` is a hash of the user's token, and another token has another one. */
  readonly isDerived?: boolean;
}

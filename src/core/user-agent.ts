/** A way to the authorization endpoint and back. @see RFC 6749 section 1.1 */
export interface UserAgent {
  /** Synchronous, so that it can run in a click. */
  open(): Trip;
}

export interface Trip {
  /** Where the authorization response is to be sent; absolute. */
  readonly redirectUri: string;
  /** Goes to `url` and gives the URL of the authorization response. */
  go(url: string): Promise<string>;
  close(): void;
}

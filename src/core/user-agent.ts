/** A way to the authorization endpoint and back. @see RFC 6749 section 1.1 */
export interface UserAgent {
  /**
   * Synchronous, so that it can run in a click.
   * @throws PopupBlockedError the browser did not open a window
   */
  open(): RoundTrip;
}

export interface RoundTrip {
  /** Where the authorization response is to be sent; absolute. */
  readonly redirectUri: string;
  /** `none`: this way shows nothing to the person, so the server must not want to. */
  readonly prompt?: "none";
  /**
   * Grants call it before they ask the server for a URL.
   * @throws NoTokenError no login may start now that no user asked for
   */
  assertMayNavigate?(): void;
  /**
   * Goes to `url` and gives the URL of the authorization response. Settles whatever happens, unless this page is left.
   * @throws CancelledError the person closed it, or `close()` did
   * @throws TimeoutError no response in time
   */
  navigate(url: string): Promise<string>;
  close(): void;
}

/**
 * How a login visits the authorization endpoint: with this page, a popup or a frame.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1
 */
export interface UserAgent {
  /**
   * Opens a round trip. The method is synchronous, so that it can run in a click.
   * @throws PopupBlockedError the browser did not open a window
   */
  open(): RoundTrip;
}

/** One visit to the authorization endpoint and back. */
export interface RoundTrip {
  /** The absolute URL to which the server sends the authorization response. */
  readonly redirectUri: string;
  /** `none`: the round trip is invisible, so the server must show nothing. */
  readonly prompt?: "none";
  /**
   * Grants call it before they create an authorization request.
   * @throws NoTokenError no automatic login may start now
   */
  assertMayNavigate?(): void;
  /**
   * Navigates to `url` and returns the URL of the authorization response. Always settles, unless this page navigates away.
   * @throws CancelledError the user cancelled the round trip, or `close()` was called
   * @throws TimeoutError no response arrived in time
   */
  navigate(url: string): Promise<string>;
  /** Closes the window or frame. */
  close(): void;
}

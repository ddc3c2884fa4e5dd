/**
 * The way in which a login visits the authorization endpoint: with this page, in a popup or in a frame.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1
 */
export interface UserAgent {
  /**
   * Opens one round trip, such as a popup. The method is synchronous, because browsers allow a popup only during a click.
   * @throws PopupBlockedError the browser did not open a window
   */
  open(): RoundTrip;
}

/** One visit to the authorization endpoint and back to the app. */
export interface RoundTrip {
  /** The absolute URL to which the server sends the authorization response. */
  readonly redirectUri: string;
  /** `none`: the user cannot see the round trip, so the server must show nothing. */
  readonly prompt?: "none";
  /**
   * Throws if no automatic login is allowed to start now. A grant calls this method before it creates an authorization request.
   * @throws NoTokenError no automatic login is allowed to start now
   */
  assertMayNavigate?(): void;
  /**
   * Navigates to `url` and returns the URL of the authorization response. The promise always settles, unless this page
   * navigates away.
   * @throws CancelledError the user cancelled the round trip, or `close()` was called
   * @throws TimeoutError no response arrived in time
   */
  navigate(url: string): Promise<string>;
  /** Closes the popup or frame, if there is one. */
  close(): void;
}

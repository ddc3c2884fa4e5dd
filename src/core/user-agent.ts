/**
 * Visits the authorization endpoint for a login: in this page, in a popup or in a frame.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1
 */
export interface UserAgent {
  /**
   * Starts one visit to the authorization endpoint, for example by opening a popup. The method is synchronous, because browsers
   * allow a popup only during a click.
   * @throws PopupBlockedError the browser did not open a window
   */
  open(): RoundTrip;
}

/** One visit to the authorization endpoint, until the server sends the authorization response. */
export interface RoundTrip {
  /** The absolute URL to which the server sends the authorization response. */
  readonly redirectUri: string;
  /** `none` if the user cannot see the server's page, for example in a hidden frame. The server must then not ask the user. */
  readonly prompt?: "none";
  /**
   * Checks whether a login without a click is allowed to start now. A grant calls this method before it creates an
   * authorization request.
   * @throws NoTokenError no login without a click is allowed to start now
   */
  assertMayNavigate?(): void;
  /**
   * Navigates to `url` and returns the URL of the authorization response. If this page itself leaves the app, the promise never
   * settles.
   * @throws CancelledError the user cancelled the round trip, or `close()` was called
   * @throws TimeoutError no response arrived in time
   */
  navigate(url: string): Promise<string>;
  /**
   * Ends the wait of `navigate()`. Removes the frame, or closes the popup. A popup that shows a page of the server stays open,
   * because the browser does not let this page close the popup.
   */
  close(): void;
}

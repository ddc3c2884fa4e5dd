/**
 * Visits the authorization endpoint for a login: in this page, in a popup, in a frame, or outside the page in a native shell or a
 * browser extension. To write a user agent, return a `RoundTrip` from `open()`. Pass the user agent to `createAuth()` or to
 * `login()`, and register its redirect URI at the server.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1
 * @see https://www.rfc-editor.org/rfc/rfc8252
 * @example
 * type Visit = (url: string, signal: AbortSignal) => Promise<string | undefined>;
 * const shellUserAgent = (visit: Visit): UserAgent => ({
 *   open() {
 *     const closed = new AbortController();
 *     return {
 *       redirectUri: "com.example.app:/cb",
 *       async navigate(url) {
 *         const response = await visit(url, closed.signal);
 *         if (response === undefined) throw new CancelledError("the user closed the login page");
 *         return response;
 *       },
 *       close: () => closed.abort(),
 *     };
 *   },
 * });
 */
export interface UserAgent {
  /**
   * Starts one visit to the authorization endpoint, for example by opening a popup. The method is synchronous, because browsers
   * allow a popup only during a click. `getToken()` also calls `open()` without a click, and then perhaps does not call
   * `navigate()`. If the platform allows this, do not show anything before `navigate()`.
   * @throws PopupBlockedError the browser did not open a window
   */
  open(): RoundTrip;
  /**
   * Visits the server's end-session endpoint at `url` after a logout, for example in the browser of the system. The promise
   * resolves when the visit has ended. `logout()` waits at most 5 seconds for the promise.
   *
   * Without this method, this page navigates to `url` if `redirectUri` is a web page of this origin. Otherwise nothing visits the
   * endpoint, unless `logout()` has the option `endSession: "page"`.
   * @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout
   */
  endSession?(url: string): Promise<void>;
}

/** One visit to the authorization endpoint, until the server sends the authorization response. */
export interface RoundTrip {
  /**
   * The absolute URL to which the server sends the authorization response. The URL is sent to the server exactly as given,
   * and can have a scheme of the app, such as `com.example.app:/cb`.
   */
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
   * Navigates to `url` and returns the URL of the authorization response: the redirect URI with the parameters that the server
   * added. If this page itself leaves the app, the promise never settles. If several responses can arrive, return the response
   * whose parameter `state` is the `state` of `url`.
   * @throws CancelledError the user cancelled the round trip, or `close()` was called
   * @throws TimeoutError no response arrived in time
   */
  navigate(url: string): Promise<string>;
  /**
   * Called when the login has succeeded or failed, and when the app has aborted the login. Closes the popup, the frame or the
   * browser, and removes all listeners.
   */
  close(): void;
}

import type { AsyncDispose } from "./async-dispose.ts";
import type { AuthState } from "./auth-state.ts";
import type {
  CallbackResult,
  GetTokenOptions,
  GetUserOptions,
  LoginOptions,
  LogoutOptions,
  LogoutResult,
} from "./auth-options.ts";
import type { RememberedUser } from "./login-prompt.ts";
import type { User } from "./user.ts";

/**
 * Manages the tokens, users and logins of an app. `createAuth()` creates an `Auth`. `await using auth = createAuth(…)` calls
 * `dispose()` at the end of the block.
 */
export interface Auth<
  Claims extends object = Readonly<Record<string, unknown>>,
> extends AsyncDispose {
  /**
   * Returns an access token that is valid now. The token comes from the store, from a refresh that all tabs share, or from a
   * login.
   *
   * If a login is needed and this page is a visible top-level page, the page navigates to the login page, or the `userAgent` of
   * `createAuth()` visits the login page. `prompt: "none"` prevents this automatic login.
   *
   * To prevent endless redirects, each automatic login and each logout blocks further automatic logins in this tab. The block
   * ends when a token is returned, when the app calls `login()`, or when the user clicks or presses a key on the page. The
   * block lasts at most 30 minutes.
   * @throws NoTokenError a login is needed, but no login is allowed to start now. Show a button that calls `login()`
   * @throws RefreshTokenError the session needs a new login, but no login is allowed to start now
   * @throws RequestTokenError the server refused to issue the requested token. The session is kept
   * @throws TimeoutError no token came within `timing.patienceMs`. The session is kept, and the refresh goes on
   * @throws NetworkError a part of Latchkey could not be loaded
   * @throws StorageError the store failed
   * @throws ConfigurationError Latchkey cannot work on this page, for example because the page is no secure context. Also
   * thrown if a newer version of Latchkey has stored the session
   * @example
   * const token = await auth.getToken();
   * const other = await auth.getToken({ resource: "https://api.example.com", prompt: "none" });
   */
  getToken(options?: GetTokenOptions): Promise<string>;
  /**
   * Starts a login and returns the user who logged in. Call `login()` directly in a click handler, because browsers block
   * popups without a click. By default, this page navigates to the login page. The promise then settles only if the navigation
   * fails.
   * @throws CancelledError the user cancelled the login, or the browser did not leave this page within 10 seconds
   * @throws PopupBlockedError the browser did not open a window
   * @throws AuthorizationError the server returned an error
   * @throws NetworkError the server did not respond, or a part of Latchkey could not be loaded
   * @see https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
   * @example
   * const button = document.createElement("button");
   * button.onclick = () => auth.login({ returnTo: "/orders" });
   */
  login(options?: LoginOptions): Promise<User<Claims>>;
  /**
   * Handles the authorization response in `url`, and returns the user who logged in. Default: the URL of this page. Returns
   * undefined if the URL has no response to a request of this client. A second call with the same response returns the same
   * result.
   *
   * An app does not need this method, because `createAuth()` handles the response and takes the user back. After this call,
   * `createAuth()` does not take the user back: the app does so.
   * @throws InvalidResponseError no login waits for the response, or `url` is no URL
   * @throws AuthorizationError the server returned an error
   * @throws RequestTokenError the server refused the authorization code
   * @throws IdTokenError the ID token is missing or invalid
   * @throws NetworkError no response came. If the authorization code was not sent, `error.retryable` is true
   * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
   * @example
   * const result = await auth.handleCallback();
   * if (result) history.replaceState(null, "", result.returnTo ?? "/");
   */
  handleCallback(url?: string): Promise<CallbackResult<Claims> | undefined>;
  /**
   * Returns this tab's user from storage, without a request. Returns undefined when no user is logged in. With
   * `cache: "reload"`, requests the user's claims from the server first.
   * @throws StorageError the store failed
   * @throws UserFetchError with `reload`: the server refused the request, or its response is malformed or about another user
   * @throws NetworkError with `reload`: no response came
   * @throws ConfigurationError Latchkey cannot work on this page, or a newer version of Latchkey stored the session
   * @example
   * const user = await auth.getUser();
   * document.title = user?.name ?? "Welcome";
   */
  getUser(options?: GetUserOptions): Promise<User<Claims> | undefined>;
  /**
   * Deletes the session in every tab, revokes the refresh token, and navigates this page to the server's end-session endpoint.
   * In a native shell, the option `endSession` has another default. Returns within about 5 seconds. The result says whether the
   * logout at the server succeeded. Rejects only if the session could not be deleted.
   * @throws StorageError the store failed
   * @throws ConfigurationError Latchkey cannot work on this page, or a newer version of Latchkey stored the session
   * @see https://www.rfc-editor.org/rfc/rfc7009
   * @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html
   * @example
   * const { server } = await auth.logout({ endSession: "none" });
   * if (server === "not_told") alert("You are signed out here. The server could not be reached.");
   */
  logout(options?: LogoutOptions): Promise<LogoutResult>;
  /**
   * Returns the users that this device remembers, the most recently used first. The list is read from the store and contains no
   * tokens.
   * @throws StorageError the store failed
   * @throws NetworkError a part of Latchkey could not be loaded
   * @example
   * const users = await auth.users();
   * const names = users.map(({ sub, name = sub }) => name);
   */
  users(): Promise<readonly RememberedUser[]>;
  /**
   * Changes this tab's user to another remembered user. Tabs that are opened later also start with that user. Other open tabs
   * keep their user. If the session of the new user has ended, the state becomes `expired`.
   * @throws NoTokenError no session of the user is stored on this device. Call `login({ loginHint })`
   * @throws StorageError the store failed
   * @throws NetworkError a part of Latchkey could not be loaded
   * @example
   * const [, second] = await auth.users();
   * if (second) await auth.switchUser(second.sub);
   */
  switchUser(sub: string): Promise<void>;
  /**
   * Logs a user out and deletes all stored data of this user. The result says whether the logout at the server succeeded.
   * @throws NetworkError a part of Latchkey could not be loaded. The user's tokens are deleted, but `users()` still lists the
   * user
   * @throws StorageError the store failed
   * @example
   * const user = await auth.getUser();
   * if (user) await auth.forget(user.sub);
   */
  forget(sub: string): Promise<LogoutResult>;
  /**
   * Logs out every user of this device, in every tab. `users()` still lists the users who agreed to be
   * remembered. `server` in the result is
   * `told` only if the logout of every user succeeded at the server. `parameters` are added to the end-session request of this
   * tab's user.
   * @throws NetworkError a part of Latchkey could not be loaded. In this case, only this tab's user is logged out
   * @throws StorageError the store failed
   * @example
   * const { server, error } = await auth.logoutAll();
   * if (server === "not_told") console.warn(error.message);
   */
  logoutAll(options?: Pick<LogoutOptions, "parameters">): Promise<LogoutResult>;
  /**
   * Sends a request to this page's origin, with the access token. After a 401 response, `fetch()` sends the request once more
   * if there is a newer token. `fetch()` never starts a login. `fetch()` rejects with the errors of the global `fetch` and of
   * `getToken({ prompt: "none" })`.
   * @throws ConfigurationError the request goes to another origin
   * @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1
   * @example
   * const response = await auth.fetch("/api/me");
   * const me: unknown = await response.json();
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /**
   * Returns the ID token of this tab's user from storage, as the server sent it. Returns undefined when no user is logged in, or
   * the server sent no ID token. Use the ID token only for what needs it, such as a logout at another system. APIs get the access
   * token.
   * @throws StorageError the store failed
   * @throws ConfigurationError Latchkey cannot work on this page, or a newer version of Latchkey stored the session
   * @see https://openid.net/specs/openid-connect-core-1_0.html#IDToken
   * @example
   * const idToken = await auth.getIdToken();
   */
  getIdToken(): Promise<string | undefined>;
  /**
   * Calls `listener` when this tab gets another user, before `state` changes. This is the place to clear the app's caches.
   * `previous` and `next` are undefined while no user is logged in. Returns a function that removes `listener`.
   * @example
   * const caches = new Map<string, unknown>();
   * const unsubscribe = auth.onUserChange((previous, next) => {
   *   if (previous) caches.clear();
   *   console.log(next?.name ?? "no user");
   * });
   */
  onUserChange(
    listener: (previous: User<Claims> | undefined, next: User<Claims> | undefined) => void,
  ): () => void;
  /**
   * Calls `listener` with the `sub` of each user who logs out or is forgotten, in any tab. `listener` can delete the app's own
   * data of the user. If `listener` returns a promise, the logout waits up to two seconds for that promise. Returns a function
   * that removes `listener`.
   * @example
   * const unsubscribe = auth.onUserRemoved((sub) => {
   *   localStorage.removeItem(`drafts/${sub}`);
   * });
   */
  onUserRemoved(listener: (sub: string) => unknown): () => void;
  /**
   * The current state. Its status is `loading` until the store has been read.
   * @example
   * const { state } = auth;
   * if (state.status === "authenticated") document.title = state.user.name ?? "Welcome";
   */
  readonly state: AuthState<Claims>;
  /**
   * Calls `listener` after each change of `state`. Returns a function that removes `listener`.
   * @example
   * const unsubscribe = auth.subscribe(() => console.log(auth.state.status));
   * addEventListener("pagehide", unsubscribe);
   */
  subscribe(listener: () => void): () => void;
  /**
   * Reads the store, handles an authorization response in the page's URL, and listens to the other tabs. `createAuth()` calls
   * `start()`. An app calls `start()` only after `dispose()`.
   * @example
   * auth.dispose();
   * auth.start(); // listens again
   */
  start(): void;
  /**
   * Stops listening to the other tabs, and closes the connection to the database. Stored sessions stay. After `start()`, the
   * `Auth` listens again.
   * @example
   * const unmount = () => auth.dispose();
   * addEventListener("pagehide", unmount);
   */
  dispose(): void;
}

import type { AnyAuthError, RefreshTokenError, RefreshTokenReason } from "./errors.ts";
import type { AuthorizationParameters, Prompt } from "./authorization-parameters.ts";
import type { RememberedUser } from "./login-prompt.ts";
import type { TokenContext } from "./token-context.ts";
import type { User } from "./user.ts";
import type { UserAgent } from "./user-agent.ts";
import type { TokenTarget } from "./token-target.ts";

/** The public facts of an access token. They do not contain the token. */
export interface TokenSummary {
  /** The granted scopes. */
  readonly scope: readonly string[];
  /** Milliseconds since the epoch. At most the token's lifetime from now, even after the wall clock was set back. */
  readonly expiresAt: number;
  /** Which tab obtained the token. `stored`: unknown. */
  readonly origin: "this-tab" | "other-tab" | "stored";
}

/** The state of an `Auth`. It is the same object until something changes. */
export type AuthState =
  | { readonly status: "loading" }
  | { readonly status: "anonymous"; readonly error?: AnyAuthError }
  | { readonly status: "authenticating" }
  | {
      readonly status: "authenticated";
      readonly user: User;
      /** `stale`: the token has expired, and no newer token has arrived yet. The session is kept. */
      readonly freshness: "fresh" | "stale";
      readonly token: TokenSummary;
    }
  /** Only a login helps. `error` has the invalid claim for `id_token`, and the server's error for `user_needed`. */
  | {
      readonly status: "expired";
      readonly user?: User;
      readonly reason: RefreshTokenReason;
      readonly error?: RefreshTokenError;
    };

/** Which token `getToken()` returns, and what it may do to get the token. */
export interface GetTokenOptions extends TokenTarget {
  /** `sub` of the token's user. Default: this tab's user. */
  readonly user?: string;
  /** `reload`: get a token that is newer than the stored one. */
  readonly cache?: "default" | "reload";
  /** With `reload`: the token that an API refused. Any other token that is stored by now counts as newer. */
  readonly refused?: string;
  /** `none`: show nothing, and reject with a `NoTokenError` where a login is needed. Any other value requests a login. */
  readonly prompt?: Prompt;
  /** Values for the app's own grants. They do not affect a token that is stored already. */
  readonly context?: TokenContext;
  /** Ends the wait for the token. A refresh goes on. */
  readonly signal?: AbortSignal;
}

/** The options of one login. */
export interface LoginOptions extends AuthorizationParameters {
  /** How the login visits the authorization endpoint. Default: with the page itself. */
  readonly userAgent?: UserAgent;
  /** Values for the app's own grants. They are lost when the page navigates to the login page. */
  readonly context?: TokenContext;
  /** Aborts the login and closes its window or frame. */
  readonly signal?: AbortSignal;
}

/** The options of one logout. */
export interface LogoutOptions {
  /** `sub` of the user to log out. Default: this tab's user. */
  readonly user?: string;
  /** `none`: do not revoke the refresh token, which then stays valid until it expires. */
  readonly revoke?: "server" | "none";
  /** `none`: do not go to the end-session endpoint. Also the default when another user than this tab's is logged out. */
  readonly endSession?: "page" | "none";
}

/**
 * Whether the server knows of a logout. The session on this device is deleted in both cases.
 *
 * `told`: the server did everything that the call asked for and that it has an endpoint for. The refresh token is revoked, and
 * the page is about to go to the end-session endpoint. The result is also `told` when there was nothing to send: no session
 * that can be read, a session that had ended before, no refresh token, no endpoint, or `"none"` for both options. The app has
 * nothing more to do.
 *
 * `not_told`: the revocation or the end of the server session failed, and `error` says why. The refresh token may still work,
 * or the user may still be logged in at the server. Latchkey tries the revocation again while this page is open. Another call
 * of the same method does what is missing. On a shared device, ask the user to log out at the server, too.
 */
export type LogoutResult =
  | { readonly server: "told"; readonly error?: undefined }
  | { readonly server: "not_told"; readonly error: AnyAuthError };

/** The result of a login. */
export interface CallbackResult {
  readonly user: User;
  /** The `returnTo` of the login. */
  readonly returnTo?: string;
}

/** The tokens, users, logins and state of an app. `createAuth()` makes one. */
export interface Auth {
  /**
   * Returns an access token that is valid now. The token is stored, refreshed once for all tabs, or the result of a login.
   *
   * Without `prompt: "none"` a visible top-level page without a session navigates to the login page, once. This automatic login
   * leaves a mark in the tab's `sessionStorage`. While the mark exists, no other automatic login starts. The mark ends when a
   * token is returned, `login()` is called, the user acts on the page, or 30 minutes have passed. A logout leaves the same
   * mark.
   * @throws NoTokenError a login is needed and may not start: show a button that calls `login()`
   * @throws RefreshTokenError the session ended and nothing may be shown
   * @throws RequestTokenError the server refused this token; the session is kept
   * @throws TimeoutError no token came within `timing.patienceMs`; the session is kept, and the refresh goes on
   * @throws NetworkError a part of Latchkey could not be loaded
   * @throws StorageError the store failed
   * @throws ConfigurationError this page can never work: it is not in a browser, or not in a secure context
   * @example
   * const token = await auth.getToken();
   * const other = await auth.getToken({ resource: "https://api.example.com", prompt: "none" });
   */
  getToken(options?: GetTokenOptions): Promise<string>;
  /**
   * Starts a login and returns its user. Call it directly in a click, so that the browser allows a popup. With the page as
   * user agent, this page navigates away.
   * @throws CancelledError the user cancelled the login, or the browser did not leave this page within 10 seconds
   * @throws PopupBlockedError the browser did not open a window
   * @throws AuthorizationError the server returned an error
   * @throws NetworkError the server did not respond, or a part of Latchkey could not be loaded
   * @see https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
   * @example
   * const button = document.createElement("button");
   * button.onclick = () => auth.login({ returnTo: "/orders" });
   */
  login(options?: LoginOptions): Promise<User>;
  /**
   * Handles the authorization response in `url`. Default: the page's URL. A second call returns the same result.
   * @throws InvalidResponseError the URL has no response to a request of this client
   * @throws AuthorizationError the server returned an error
   * @throws RequestTokenError the server refused the code
   * @throws IdTokenError the ID token is missing or invalid
   * @throws NetworkError no response came; retryable only while the code was not sent
   * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
   * @example
   * const { returnTo = "/" } = await auth.handleCallback();
   * history.replaceState(null, "", returnTo);
   */
  handleCallback(url?: string): Promise<CallbackResult>;
  /**
   * Returns this tab's user from storage, without a request. Returns undefined when no user is logged in.
   * @throws StorageError the store failed
   * @throws ConfigurationError this page can never work
   * @example
   * const user = await auth.getUser();
   * document.title = user?.name ?? "Welcome";
   */
  getUser(): Promise<User | undefined>;
  /**
   * Deletes the session in every tab, revokes the refresh token, and goes to the end-session endpoint. Returns within about
   * 5 seconds whether the server knows of the logout. Rejects only when the session could not be deleted.
   * @throws StorageError the store failed
   * @throws ConfigurationError this page can never work, or a newer version of Latchkey stored the session
   * @see https://www.rfc-editor.org/rfc/rfc7009
   * @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html
   * @example
   * const { server } = await auth.logout({ endSession: "none" });
   * if (server === "not_told") alert("You are signed out here. The server could not be reached.");
   */
  logout(options?: LogoutOptions): Promise<LogoutResult>;
  /**
   * Returns the users that this device remembers, the last used first. The list comes from storage and has no tokens.
   * @throws StorageError the store failed
   * @throws NetworkError a part of Latchkey could not be loaded
   * @example
   * const users = await auth.users();
   * const names = users.map(({ sub, name = sub }) => name);
   */
  users(): Promise<readonly RememberedUser[]>;
  /**
   * Switches this tab, and tabs opened later, to another remembered user. Other open tabs keep their user. If the session of
   * the user has ended, the state becomes `expired`.
   * @throws NoTokenError the user has no session here: call `login({ loginHint })`
   * @throws StorageError the store failed
   * @throws NetworkError a part of Latchkey could not be loaded
   * @example
   * const [, second] = await auth.users();
   * if (second) await auth.switchUser(second.sub);
   */
  switchUser(sub: string): Promise<void>;
  /**
   * Logs a user out and deletes everything that is stored of this user. Returns whether the server knows of the logout.
   * @throws NetworkError a part of Latchkey could not be loaded. The tokens are deleted, and the user is still listed
   * @throws StorageError the store failed
   * @example
   * const user = await auth.getUser();
   * if (user) await auth.forget(user.sub);
   */
  forget(sub: string): Promise<LogoutResult>;
  /**
   * Logs out every user of this device, in every tab. Remembered users stay listed. The result is `told` when it is `told` for
   * every user.
   * @throws NetworkError a part of Latchkey could not be loaded. Only this tab's user is logged out
   * @throws StorageError the store failed
   * @example
   * const { server, error } = await auth.logoutAll();
   * if (server === "not_told") console.warn(error.message);
   */
  logoutAll(): Promise<LogoutResult>;
  /**
   * Sends a request with the access token, to this page's origin only. After a 401 response it tries once more with a newer
   * token. It never shows anything. Rejects as `fetch` and `getToken({ prompt: "none" })` do.
   * @throws ConfigurationError the request goes to another origin
   * @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1
   * @example
   * const response = await auth.fetch("/api/me");
   * const me: unknown = await response.json();
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /**
   * Calls `listener` with the `sub` of each user who logs out or is forgotten, in any tab. The listener deletes the app's own
   * data of the user. A logout waits for the promise that `listener` returns, for two seconds at most. Returns a function that
   * removes `listener`.
   * @example
   * const unsubscribe = auth.onUserRemoved((sub) => {
   *   localStorage.removeItem(`drafts/${sub}`);
   * });
   */
  onUserRemoved(listener: (sub: string) => unknown): () => void;
  /**
   * The current state, without waiting.
   * @example
   * const { state } = auth;
   * if (state.status === "authenticated") document.title = state.user.name ?? "Welcome";
   */
  readonly state: AuthState;
  /**
   * Calls `listener` after each change of `state`. Returns a function that removes `listener`.
   * @example
   * const unsubscribe = auth.subscribe(() => console.log(auth.state.status));
   * addEventListener("pagehide", unsubscribe);
   */
  subscribe(listener: () => void): () => void;
  /**
   * Reads the store, handles a response in the page's URL, and listens to the other tabs. `createAuth()` calls it.
   * @example
   * auth.dispose();
   * auth.start(); // listens again
   */
  start(): void;
  /**
   * Stops listening to the other tabs. `start()` begins again. Stored sessions stay.
   * @example
   * const unmount = () => auth.dispose();
   * addEventListener("pagehide", unmount);
   */
  dispose(): void;
}

import type { AnyAuthError, RefreshTokenError, RefreshTokenReason } from "./errors.ts";
import type { AuthorizationParameters, Prompt } from "./authorization-parameters.ts";
import type { RememberedUser } from "./login-prompt.ts";
import type { TokenContext } from "./token-context.ts";
import type { User } from "./user.ts";
import type { UserAgent } from "./user-agent.ts";
import type { TokenTarget } from "./token-target.ts";

/** What can be told about an access token without showing it. */
export interface TokenSummary {
  /** As granted. */
  readonly scope: readonly string[];
  /** Milliseconds since the epoch. Never further away than the token lives, whatever became of the clock. */
  readonly expiresAt: number;
  /** Who got it: this tab, another tab while this one was open, or nobody knows any more. */
  readonly origin: "this-tab" | "other-tab" | "stored";
}

/** A stable snapshot: the same object until something changes. */
export type AuthState =
  | { readonly status: "loading" }
  | { readonly status: "anonymous"; readonly error?: AnyAuthError }
  | { readonly status: "authenticating" }
  | {
      readonly status: "authenticated";
      readonly user: User;
      /** `stale`: the token has expired and there is no newer one yet. The session is kept. */
      readonly freshness: "fresh" | "stale";
      readonly token: TokenSummary;
    }
  /** Only a login helps. `error` has the wrong claim for `id_token`, and the server's words for `user_needed`. */
  | {
      readonly status: "expired";
      readonly user?: User;
      readonly reason: RefreshTokenReason;
      readonly error?: RefreshTokenError;
    };

/** Which token, and what may happen to get it. */
export interface GetTokenOptions extends TokenTarget {
  /** `sub` of whose token it is; this tab's person when not given. */
  readonly user?: string;
  /** `reload`: a token newer than the one held now. */
  readonly cache?: "default" | "reload";
  /** With `reload`: the token that an API refused. Another one that is stored by now is newer. */
  readonly refused?: string;
  /** `none`: reject with a NoTokenError instead of going to the login page. */
  readonly prompt?: Prompt;
  /** For grants of the app's own; a stored token is given whatever it says. */
  readonly context?: TokenContext;
  readonly signal?: AbortSignal;
}

/** What a login may say. */
export interface LoginOptions extends AuthorizationParameters {
  /** The way to go; the page itself when not given. */
  readonly userAgent?: UserAgent;
  /** For grants of the app's own. It does not survive a page that leaves. */
  readonly context?: TokenContext;
  /** Leaves the login: what was opened for it is closed. */
  readonly signal?: AbortSignal;
}

export interface LogoutOptions {
  /** `sub` of who is to be signed out; this tab's person when not given. */
  readonly user?: string;
  /** `none`: leave the refresh token at the server to expire. */
  readonly revoke?: "server" | "none";
  /** `none`: stay on this page, and signed in at the server; so it is when this tab is for somebody else. */
  readonly endSession?: "page" | "none";
}

/**
 * What the server was told of a logout. The session on this device is deleted in both cases.
 *
 * `told`: the server was told everything that the call asked for and that the server has an endpoint for. The refresh token is
 * revoked, and the page is about to go to the end-session endpoint. It is also `told` when there was nothing to tell: no session
 * that can be read, a session that had ended before, no refresh token, no endpoint, or `"none"` for both options. The app has
 * nothing more to do.
 *
 * `not_told`: at least one of the two was not done, and `error` says why. The refresh token may still work, or the user may
 * still be signed in at the server. Latchkey tries the revocation again while this page is open. Another call of the same
 * method does what is missing. Where other people use the device, tell the user to sign out at the server, too.
 */
export type LogoutResult =
  | { readonly server: "told"; readonly error?: undefined }
  | { readonly server: "not_told"; readonly error: AnyAuthError };

export interface CallbackResult {
  readonly user: User;
  /** As given to `login()`. */
  readonly returnTo?: string;
}

/** What an app holds. */
export interface Auth {
  /**
   * A token that is good now: stored, refreshed once for all tabs, or after a login.
   * Without `prompt: "none"` a visible top-level page without a session goes to the login page, once. This automatic login
   * leaves a mark in the tab's `sessionStorage`. No second one starts while the mark stands: until the token is given,
   * `login()` is called, the user acts on the page, or 30 minutes have passed. A logout leaves the same mark.
   * @throws NoTokenError nothing there and nothing may be shown, or a mark stands: show a button that calls `login()`
   * @throws RefreshTokenError the session ended and nothing may be shown
   * @throws RequestTokenError this token was refused; the session stands
   * @throws TimeoutError no answer within the patience of `timing`; the session stands, and the refresh goes on
   * @throws NetworkError a part of Latchkey could not be loaded
   * @throws StorageError the store failed
   * @throws ConfigurationError nothing here can work: not a browser, no secure context
   */
  getToken(options?: GetTokenOptions): Promise<string>;
  /**
   * Starts a login in the click it is called from. With the page as user agent the page leaves.
   * @throws CancelledError the page did not leave within 10 seconds, or the user acted on it before
   */
  login(options?: LoginOptions): Promise<User>;
  /**
   * Takes an authorization response, `url` or the page's own. Idempotent: twice in a row gives the same result.
   * @throws InvalidResponseError not the answer to a request of ours
   * @throws AuthorizationError the server said no
   */
  handleCallback(url?: string): Promise<CallbackResult>;
  /** The person signed in, from storage; no network. */
  getUser(): Promise<User | undefined>;
  /**
   * Deletes the session here and in every tab, then tells the server: it revokes the refresh token, and the page goes to the
   * end-session endpoint. Resolves with what the server was told, within about 5 seconds. It rejects only when the session could
   * not be deleted.
   * @throws StorageError the store failed
   * @throws ConfigurationError not a browser, or a newer Latchkey stored the session
   * @see RFC 7009 https://www.rfc-editor.org/rfc/rfc7009
   * @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html
   * @example
   * const { server } = await auth.signOut({ endSession: "none" });
   * if (server === "not_told") show("You are signed out here. The server could not be reached.");
   */
  logout(options?: LogoutOptions): Promise<LogoutResult>;
  /** Who is remembered on this device, the last used first; from storage, and without tokens. */
  users(): Promise<readonly RememberedUser[]>;
  /**
   * Makes this tab, and tabs that are opened from now on, that of another remembered person. Other open tabs stay with theirs.
   * Whose session ended is then in the state `expired`.
   * @throws NoTokenError they have no session here: call `login({ loginHint })`
   */
  switchUser(sub: string): Promise<void>;
  /**
   * Signs a user out, and deletes everything that is stored of this user here. Resolves with what the server was told.
   * @throws NetworkError a part of Latchkey could not be loaded. The tokens are deleted, the user is still listed
   */
  forget(sub: string): Promise<LogoutResult>;
  /**
   * Signs out every user of this device, in every tab. Remembered users stay listed. The result is `told` when the server was
   * told of every one of them.
   * @throws NetworkError a part of Latchkey could not be loaded. Only this tab's user is signed out
   */
  logoutAll(): Promise<LogoutResult>;
  /** `fetch` with the token, for this origin only. Never shows anything. */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /**
   * Calls `listener` with the `sub` of each user who signs out or is forgotten, in any tab. Delete there what your app stored
   * of the user. A promise that `listener` returns is awaited by the sign-out, for two seconds at most. Returns its undo.
   */
  onUserRemoved(listener: (sub: string) => unknown): () => void;
  /** What is known now, without waiting. */
  readonly state: AuthState;
  /** Calls `listener` after each change of `state`. Returns its undo. */
  subscribe(listener: () => void): () => void;
  /** Reads the store, takes a response in the page's URL, follows the other tabs. `createAuth()` calls it. */
  start(): void;
  /** Stops listening to other tabs; `start()` begins again. Stored sessions stay. */
  dispose(): void;
}

import type { AnyAuthError } from "./errors.ts";
import type { LogoutEndpoint } from "./authorization-server.ts";
import type { AuthorizationParameters, OwnParameters, Prompt } from "./authorization-parameters.ts";
import type { TokenContext } from "./token-context.ts";
import type { TokenTarget } from "./token-target.ts";
import type { User } from "./user.ts";
import type { UserAgent } from "./user-agent.ts";

/** The options of `getToken()`. */
export interface GetTokenOptions extends TokenTarget {
  /** The `sub` of the token's user. Default: this tab's user. */
  readonly user?: string;
  /**
   * `default`: `getToken()` returns the stored token while that token is valid. `reload`: `getToken()` requests a newer token.
   */
  readonly cache?: "default" | "reload";
  /**
   * An access token that an API has refused. Used only together with `cache: "reload"`. If another valid token is already
   * stored, `getToken()` returns the stored token without a request to the server.
   */
  readonly refused?: string;
  /**
   * If a login is needed, `none` makes `getToken()` reject with a `NoTokenError` or a `RefreshTokenError`. With any other
   * value, `getToken()` starts a login, or waits for a login in progress.
   */
  readonly prompt?: Prompt;
  /**
   * Values for the app's own grants. If `getToken()` returns a stored token, no grant is called, and the values are not used.
   */
  readonly context?: TokenContext;
  /** Aborts the wait for the token. A refresh that has started continues, because other callers might wait for that refresh. */
  readonly signal?: AbortSignal;
}

/** The options of `getUser()`. */
export interface GetUserOptions {
  /** `default`: the stored user. `reload`: the claims are requested from the server, and stored. */
  readonly cache?: "default" | "reload";
}

/** The options of one login. */
export interface LoginOptions extends AuthorizationParameters {
  /**
   * The page, popup, frame or app that visits the authorization endpoint. Default: the `userAgent` of `createAuth()`. If
   * `createAuth()` has no `userAgent`, this page navigates to the endpoint.
   */
  readonly userAgent?: UserAgent;
  /** Values for the app's own grants. If the login navigates this page to the login page, the values are lost. */
  readonly context?: TokenContext;
  /** Aborts the login and closes the login's window or frame. */
  readonly signal?: AbortSignal;
}

/** The options of one logout. */
export interface LogoutOptions {
  /** The `sub` of the user to log out. Default: this tab's user. */
  readonly user?: string;
  /**
   * Whether Latchkey revokes the refresh token or, if there is none, the access tokens. `server`: yes. `none`: no, and the
   * tokens stay valid until they expire. Default: `server`.
   */
  readonly revoke?: "server" | "none";
  /**
   * `page`: this page navigates to the server's end-session endpoint, or the method `endSession()` of the app's `userAgent`
   * visits the endpoint. `none`: the endpoint is not visited, and the user stays logged in at the server. Default: `page` for
   * this tab's user, `none` for every other user. The default is always `none` if the app has a `userAgent` without
   * `endSession()`, and `redirectUri` is not a web page of this page's origin. This page could then not come back to the app.
   */
  readonly endSession?: "page" | "none";
  /**
   * Additional parameters of the end-session request, for which Latchkey has no option, such as `logout_uri` of Amazon Cognito.
   */
  readonly parameters?: OwnParameters;
}

/**
 * The result of a logout. The session on this device is deleted in both cases. `server` says whether the steps at the server
 * succeeded: the revocation of the refresh token, and the navigation to the end-session endpoint.
 * - `told`: each step has succeeded or was not needed. If the page navigates, the navigation is about to start. `missing` names
 *   the endpoints that the server does not have for a step. Without a `revocation_endpoint`, the refresh token stays valid until
 *   the server ends it. Without an `end_session_endpoint`, the user stays logged in at the server, and the next login might ask
 *   for nothing: `login({ prompt: "login" })` asks for a new login.
 * - `not_told`: at least one step failed, and `error` says why. The user might still be logged in at the server.
 *
 * After `not_told`, Latchkey retries the revocation while this page is open. To repeat the failed steps, call the same method
 * again. On a shared device, also ask the user to log out at the server.
 */
export type LogoutResult =
  | {
      readonly server: "told";
      readonly missing?: readonly LogoutEndpoint[];
      readonly error?: undefined;
    }
  | { readonly server: "not_told"; readonly error: AnyAuthError };

/** The result of `handleCallback()`. */
export interface CallbackResult<Claims extends object = Readonly<Record<string, unknown>>> {
  readonly user: User<Claims>;
  /** The page on which the login began, or the `returnTo` option of the login: a path, with query and fragment. */
  readonly returnTo?: string;
}

import type {
  AnyAuthError,
  ConfigurationError,
  RefreshTokenError,
  RefreshTokenReason,
} from "./errors.ts";
import type { User } from "./user.ts";

/** Data about an access token. The token itself is not included. */
export interface TokenSummary {
  /** The granted scopes. */
  readonly scope: readonly string[];
  /**
   * When the token expires. Milliseconds since the epoch. If the device's clock is set back, `expiresAt` is corrected by the
   * same amount.
   */
  readonly expiresAt: number;
  /**
   * Who requested the token from the server: this tab, another tab, or the shared worker for this tab. `stored`: the token was
   * read from the store, and it is unknown who requested the token.
   */
  readonly origin: "this-tab" | "other-tab" | "worker" | "stored";
  /**
   * Whether Latchkey can get a newer token without the user. False if the server gave no refresh token: the user must then log
   * in again when the access token expires.
   */
  readonly isRenewable: boolean;
}

/**
 * How this tab got the session of a signed-in user.
 * - `login`: by a login in this tab.
 * - `stored`: from the store.
 * - `other_tab`: from another tab, which logged the user in or refreshed the token.
 * - `switched`: by `switchUser()`.
 * - `refreshed`: by a refresh of the token in this tab.
 */
export type AuthenticatedReason = "login" | "stored" | "other_tab" | "switched" | "refreshed";

/**
 * Why no user is signed in.
 * - `none`: no user has signed in, or the stored session could not be read. After a failed read, `error` says why.
 * - `logged_out`: the user has logged out.
 * - `logged_out_elsewhere`: the user has logged out in another tab, while this tab was open.
 * - `forgotten`: the user was deleted from this device.
 * - `login_failed`: the last login of this tab failed, and `error` says why.
 */
export type AnonymousReason =
  | "none"
  | "logged_out"
  | "logged_out_elsewhere"
  | "forgotten"
  | "login_failed";

/**
 * The state of an `Auth`. `auth.state` returns the same object until the state changes. `since` is the time of the last change.
 * Milliseconds since the epoch.
 */
export type AuthState<Claims extends object = Readonly<Record<string, unknown>>> = {
  readonly since: number;
} & AuthStatus<Claims>;

/** An `AuthState` without its time. */
export type AuthStatus<Claims extends object = Readonly<Record<string, unknown>>> =
  /** The store is being read. On a server, the state stays `loading`. */
  | { readonly status: "loading" }
  /** Latchkey cannot work on this page, for example because the page was not loaded over https. */
  | { readonly status: "unavailable"; readonly error: ConfigurationError }
  | {
      readonly status: "anonymous";
      readonly reason: AnonymousReason;
      readonly error?: AnyAuthError;
    }
  | { readonly status: "authenticating" }
  | {
      readonly status: "authenticated";
      readonly reason: AuthenticatedReason;
      readonly user: User<Claims>;
      /**
       * `fresh`: the token has not expired. `stale`: the token has expired, but the session has not ended, and a refresh can
       * still replace the token.
       */
      readonly freshness: "fresh" | "stale";
      readonly token: TokenSummary;
    }
  /**
   * The user must log in again, and `reason` says why. If `reason` is `id_token`, `error.claim` names the invalid claim. If
   * `reason` is `user_needed`, `error` contains the server's error code and description. If `reason` is `not_renewable`, the
   * hint of `error` says how to get a refresh token.
   */
  | {
      readonly status: "expired";
      readonly reason: RefreshTokenReason;
      readonly user?: User<Claims>;
      readonly error?: RefreshTokenError;
    };

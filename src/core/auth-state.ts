import type { AnyAuthError, RefreshTokenError, RefreshTokenReason } from "./errors.ts";
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
  /** The tab that requested the token from the server. `stored`: the token was read from the store, and the tab is unknown. */
  readonly origin: "this-tab" | "other-tab" | "stored";
}

/** The state of an `Auth`. `auth.state` returns the same object until the state changes. */
export type AuthState =
  | { readonly status: "loading" }
  | { readonly status: "anonymous"; readonly error?: AnyAuthError }
  | { readonly status: "authenticating" }
  | {
      readonly status: "authenticated";
      readonly user: User;
      /**
       * `fresh`: the token has not expired. `stale`: the token has expired, but the session has not ended, and a refresh can
       * still replace the token.
       */
      readonly freshness: "fresh" | "stale";
      readonly token: TokenSummary;
    }
  /**
   * The user must log in again, and `reason` says why. If `reason` is `id_token`, `error.claim` names the invalid claim. If
   * `reason` is `user_needed`, `error` contains the server's error code and description.
   */
  | {
      readonly status: "expired";
      readonly user?: User;
      readonly reason: RefreshTokenReason;
      readonly error?: RefreshTokenError;
    };

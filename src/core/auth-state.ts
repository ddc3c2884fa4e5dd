import type { AnyAuthError, RefreshTokenError, RefreshTokenReason } from "./errors.ts";
import type { User } from "./user.ts";

/** The public facts about an access token. They do not contain the token. */
export interface TokenSummary {
  /** The granted scopes. */
  readonly scope: readonly string[];
  /**
   * When the token expires. Milliseconds since the epoch. If the wall clock is set back, Latchkey moves `expiresAt` back, too.
   * So `expiresAt - Date.now()` is never longer than the lifetime of the token.
   */
  readonly expiresAt: number;
  /** Which tab obtained the token. `stored`: the token was found in the store, so the tab is unknown. */
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
       * `fresh`: the token has not expired. `stale`: the token has expired, and no newer token has arrived yet. The session has
       * not ended.
       */
      readonly freshness: "fresh" | "stale";
      readonly token: TokenSummary;
    }
  /**
   * The user must log in again. `reason` says why. If `reason` is `id_token`, `error.claim` names the invalid claim. If
   * `reason` is `user_needed`, `error` has the server's error code and description.
   */
  | {
      readonly status: "expired";
      readonly user?: User;
      readonly reason: RefreshTokenReason;
      readonly error?: RefreshTokenError;
    };

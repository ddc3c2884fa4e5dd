import type { AuthConfig } from "../core/auth-config.ts";
import type { AnyAuthError } from "../core/errors.ts";
import type { User } from "../core/user.ts";

/** The tokens of a user's session as another SDK stored them, not validated. */
export interface ImportedTokens {
  readonly accessToken?: string | undefined;
  /** Default: `Bearer`. */
  readonly tokenType?: string | undefined;
  /** When the access token expires. Milliseconds since the epoch. */
  readonly expiresAt?: number | undefined;
  /** The granted scope. */
  readonly scope?: readonly string[] | undefined;
  readonly refreshToken?: string | undefined;
  readonly idToken?: string | undefined;
  /** The user's claims. Used only without an ID token. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * A session that a `SessionSource` found. `found`: a session that can be imported. `malformed`: an entry has an unexpected
 * shape. `ambiguous`: several sessions match. Latchkey removes nothing for the last two.
 */
export type ImportedSession =
  | {
      readonly type: "found";
      readonly tokens: ImportedTokens;
      /** Removes the found session from the other SDK's storage, unless it has changed since. */
      remove(): void | Promise<void>;
    }
  | { readonly type: "malformed" | "ambiguous" };

/** The storage of another SDK's sessions. */
export interface SessionSource {
  /**
   * Finds the session of a client. Returns undefined when there is none. `importSession()` calls it twice, because another tab
   * may have refreshed the tokens in between.
   */
  find(client: {
    readonly issuer: string;
    readonly clientId: string;
  }): ImportedSession | undefined | Promise<ImportedSession | undefined>;
}

/**
 * Why a session was not imported.
 * - `malformed`: an entry has an unexpected shape, or the ID token cannot be decoded.
 * - `foreign`: the tokens belong to another issuer or client.
 * - `no_user`: there is no `sub`, so the user is unknown.
 * - `expired`: the access token has expired and there is no refresh token.
 * - `sender_constrained`: the tokens are bound to a key of the other SDK, for example by DPoP (RFC 9449).
 */
export type ImportRefusal = "malformed" | "foreign" | "no_user" | "expired" | "sender_constrained";

/** Options of `importSession()`. Pass `issuer`, `clientId` and `persist` as to `createAuth()`. */
export interface ImportSessionConfig extends Pick<AuthConfig, "issuer" | "clientId"> {
  /** The other SDK's sessions: `oidcClientSession()`, `auth0Session()`, or a source of the app. */
  readonly from: SessionSource;
  /** Where Latchkey stores tokens, as in `createAuth()`. */
  readonly persist?: "device" | "memory";
  /**
   * Whether the other SDK's session is removed after the import. Use `kept` only if the server does not rotate refresh tokens:
   * two SDKs that share a rotating refresh token end the session. Default: `removed`.
   */
  readonly remains?: "removed" | "kept";
}

/** The result of `importSession()`. */
export type ImportResult =
  | { readonly type: "imported"; readonly user: User }
  /** The other SDK has no session of this client. */
  | { readonly type: "nothing" }
  /** A user is already logged in with Latchkey, has logged out of it, or was forgotten within the last day. */
  | { readonly type: "already_signed_in" }
  /** The other SDK's session cannot be imported. Nothing was changed. */
  | { readonly type: "refused"; readonly reason: ImportRefusal | "ambiguous" }
  /** The import failed and changed nothing. The next page load tries again. */
  | { readonly type: "failed"; readonly error: AnyAuthError };

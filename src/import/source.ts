import type { AuthConfig } from "../core/auth-config.ts";
import type { AnyAuthError } from "../core/errors.ts";
import type { StoresConfig } from "../core/own-stores.ts";
import type { User } from "../core/user.ts";

/** The tokens that another SDK stored for one user. Latchkey has not validated these tokens yet. */
export interface ImportedTokens {
  readonly accessToken?: string | undefined;
  /** The type of the access token. Default: `Bearer`. */
  readonly tokenType?: string | undefined;
  /** The time when the access token expires. Milliseconds since the epoch. */
  readonly expiresAt?: number | undefined;
  /** The granted scope. */
  readonly scope?: readonly string[] | undefined;
  readonly refreshToken?: string | undefined;
  readonly idToken?: string | undefined;
  /** The user's claims. Used only if `idToken` is undefined. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * The result of `SessionSource.find()`.
 * - `found`: one session with well-formed tokens.
 * - `malformed`: an entry has an unexpected shape. Latchkey imports and removes nothing.
 * - `ambiguous`: several sessions match. Latchkey imports and removes nothing.
 */
export type ImportedSession =
  | {
      readonly type: "found";
      readonly tokens: ImportedTokens;
      /**
       * Removes the found session from the other SDK's storage. If the stored session has changed since `find()`, does nothing.
       */
      remove(): void | Promise<void>;
    }
  | { readonly type: "malformed" | "ambiguous" };

/** Finds sessions in the storage of another SDK. */
export interface SessionSource {
  /**
   * Finds the session of a client. If the client has no session, returns undefined. `importSession()` calls `find()` twice and
   * imports the second result, because a tab might have refreshed the tokens in the meantime.
   */
  find(client: {
    readonly issuer: string;
    readonly clientId: string;
  }): ImportedSession | undefined | Promise<ImportedSession | undefined>;
}

/**
 * The reason why a session was not imported.
 * - `malformed`: an entry has an unexpected shape, or the ID token cannot be decoded.
 * - `foreign`: the tokens belong to another issuer or client.
 * - `no_user`: the claims have no `sub`, so the user is unknown.
 * - `expired`: the access token has expired and there is no refresh token.
 * - `sender_constrained`: the tokens are bound to a key of the other SDK, for example by DPoP (RFC 9449).
 */
export type ImportRefusal = "malformed" | "foreign" | "no_user" | "expired" | "sender_constrained";

/** Options of `importSession()`. Pass the same `issuer`, `clientId`, `persist`, `sessions` and `users` as to `createAuth()`. */
export interface ImportSessionConfig extends Pick<AuthConfig, "issuer" | "clientId">, StoresConfig {
  /** Finds the other SDK's session. Pass `oidcClientSession()`, `auth0Session()`, or the app's own implementation. */
  readonly from: SessionSource;
  /**
   * Says whether the other SDK's session is removed after the import. Default: `removed`.
   * - `removed`: Latchkey removes the other SDK's session.
   * - `kept`: Latchkey leaves the other SDK's session in place. Use `kept` only if the server does not rotate refresh tokens.
   *   Otherwise, both SDKs would send the same refresh token, and the server would end the session.
   */
  readonly remains?: "removed" | "kept";
}

/** The result of `importSession()`. */
export type ImportResult =
  | { readonly type: "imported"; readonly user: User }
  /** The other SDK has no session of this client. */
  | { readonly type: "nothing" }
  /**
   * Nothing was imported, for one of these reasons:
   * - A user is already logged in with Latchkey.
   * - A user has logged out of Latchkey.
   * - The app removed the user with `auth.forget()` within the last day.
   */
  | { readonly type: "already_signed_in" }
  /** The other SDK's session cannot be imported, for the given reason. Nothing was changed. */
  | { readonly type: "refused"; readonly reason: ImportRefusal | "ambiguous" }
  /** The import failed and changed nothing. The next call of `importSession()` tries again. */
  | { readonly type: "failed"; readonly error: AnyAuthError };

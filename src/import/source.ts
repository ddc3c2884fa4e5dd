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
 * A session that a `SessionSource` found. `left`: a session that can be imported. `malformed`: an entry has an unexpected
 * shape. `ambiguous`: several sessions match. Latchkey removes nothing for the last two.
 */
export type ImportedSession =
  | {
      readonly type: "left";
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
 * - `nobody`: there is no `sub`, so the user is unknown.
 * - `expired`: the access token has expired and there is no refresh token.
 * - `sender_constrained`: the tokens are bound to a key of the other SDK, for example by DPoP (RFC 9449).
 */
export type ImportRefusal = "malformed" | "foreign" | "nobody" | "expired" | "sender_constrained";

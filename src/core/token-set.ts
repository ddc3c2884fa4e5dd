import type { Prompt } from "./authorization-parameters.ts";
import type { User } from "./user.ts";

/**
 * The tokens of a token response. `JSON.stringify` and Node's `inspect` show a `TokenSet` as `TokenSet [redacted]`.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-5.1
 */
export interface TokenSet {
  readonly accessToken: string;
  readonly tokenType: string;
  /** When `accessToken` expires. Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The granted scopes. */
  readonly scope: readonly string[];
  readonly refreshToken?: string;
  readonly idToken?: string;
  /** The user that the tokens belong to. The data comes from the verified claims of `idToken`, or from the grant. */
  readonly user?: User;
  /** When the user authenticated at the server: the claim `auth_time` of the ID token. Seconds since the epoch. */
  readonly authTime?: number;
  /**
   * The type of `accessToken`, as a URI. Present only after a token exchange.
   * @see https://www.rfc-editor.org/rfc/rfc8693#section-2.2.1
   */
  readonly issuedTokenType?: string;
  /** The `SessionRow.generation` with which the tokens are stored. Absent while the tokens are not stored as a session. */
  readonly generation?: number;
  /** The remaining lifetime of the access token at the time of its arrival. Milliseconds. Present only on stored tokens. */
  readonly lifetimeMs?: number;
  /** Which tab obtained the tokens. Present only on stored tokens. */
  readonly origin?: "this-tab" | "other-tab";
  /**
   * The resources that the login named. A refresh is allowed to request tokens for these resources.
   * @see https://www.rfc-editor.org/rfc/rfc8707#section-2.1
   */
  readonly resources?: readonly string[];
  /**
   * Says how long the session is kept. `remembered`: until a logout. `tabs`: until the last tab of the user closes. If the user
   * is already remembered, `tabs` has no effect. Default: the lifetime of the user's previous session. If there was no previous
   * session, the default is `remembered`.
   */
  readonly lifetime?: "remembered" | "tabs";
  /** The value of `returnTo` with which the app started the login. Present only after an authorization response. */
  readonly returnTo?: string;
  /** The parameters with which the login was started. Present only after an authorization response. */
  readonly asked?: {
    readonly resource: string | undefined;
    readonly audience: string | undefined;
    /** The requested scopes, without the configured scopes that every login requests. */
    readonly scope?: readonly string[] | undefined;
    /** `sub` of the user who was expected to log in. */
    readonly user?: string | undefined;
    readonly prompt?: Prompt | undefined;
  };
}

const REDACTED = "TokenSet [redacted]";

/**
 * Creates a `TokenSet` that `JSON.stringify` and Node's `inspect` show without its secrets.
 * @example
 * const expiresAt = Date.now() + 300_000;
 * const tokens = tokenSet({ accessToken: "2YotnFZF", tokenType: "Bearer", expiresAt, scope: [] });
 */
export function tokenSet(fields: TokenSet): TokenSet {
  const hidden = { enumerable: false, value: () => REDACTED };
  return Object.defineProperties(
    { ...fields },
    { toJSON: hidden, [Symbol.for("nodejs.util.inspect.custom")]: hidden },
  );
}

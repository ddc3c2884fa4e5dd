import type { Prompt } from "./authorization-parameters.ts";
import type { User } from "./user.ts";

/**
 * The tokens of a token response. `JSON.stringify` and Node's `inspect` show it as `TokenSet [redacted]`.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-5.1
 */
export interface TokenSet {
  readonly accessToken: string;
  readonly tokenType: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The granted scopes. */
  readonly scope: readonly string[];
  readonly refreshToken?: string;
  readonly idToken?: string;
  /** The user of the tokens, by the verified claims of `idToken` or by the grant. */
  readonly user?: User;
  /** `auth_time`: when the user authenticated at the server. Seconds since the epoch. */
  readonly authTime?: number;
  /**
   * The type of `accessToken`, as a URI. Present after a token exchange only.
   * @see https://www.rfc-editor.org/rfc/rfc8693#section-2.2.1
   */
  readonly issuedTokenType?: string;
  /** The generation of the stored session that the tokens belong to. Absent while they are not stored. */
  readonly generation?: number;
  /** The lifetime of the access token on arrival. Milliseconds. Present on stored tokens only. */
  readonly lifetimeMs?: number;
  /** Which tab obtained the tokens. Present on stored tokens only. */
  readonly origin?: "this-tab" | "other-tab";
  /**
   * The resources that the login named. A refresh may request them.
   * @see https://www.rfc-editor.org/rfc/rfc8707#section-2.1
   */
  readonly resources?: readonly string[];
  /**
   * `tabs`: keep the session until the last tab closes; ignored when the user is remembered already. Default: as the user's
   * session before, or `remembered`.
   */
  readonly lifetime?: "remembered" | "tabs";
  /** The `returnTo` of the login. Present after an authorization response only. */
  readonly returnTo?: string;
  /** The parameters of the login. Present after an authorization response only. */
  readonly asked?: {
    readonly resource: string | undefined;
    readonly audience: string | undefined;
    /** The requested scopes, without those of every login. */
    readonly scope?: readonly string[] | undefined;
    /** `sub` of the user that the login was for. */
    readonly user?: string | undefined;
    readonly prompt?: Prompt | undefined;
  };
}

const REDACTED = "TokenSet [redacted]";

/**
 * Makes a `TokenSet` that does not show its secrets when it is logged.
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

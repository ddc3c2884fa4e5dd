import type { TokenTarget } from "./token-target.ts";

/**
 * What the server may show the user during a login. `none`: nothing.
 * @see https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
 */
export type Prompt = "none" | "login" | "select_account" | "consent";

/**
 * The parameters of an authorization request that an app may set.
 * @see https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
 */
export interface AuthorizationParameters extends TokenTarget {
  readonly prompt?: Prompt;
  /** The email address or login name of the user who will probably log in. */
  readonly loginHint?: string;
  /** How long ago the user may have authenticated at the server, at most. Seconds. */
  readonly maxAge?: number;
  /** The accepted authentication context classes, the preferred one first. */
  readonly acrValues?: readonly string[];
  /** A URL of this origin, absolute or relative. The result of the login contains it. */
  readonly returnTo?: string;
}

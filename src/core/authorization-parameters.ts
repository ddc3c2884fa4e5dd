import type { TokenTarget } from "./token-target.ts";

/**
 * Says what the server shows the user during a login. `none`: the server shows nothing. If the login is not possible without
 * the user, the server then returns an error.
 * @see https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
 */
export type Prompt = "none" | "login" | "select_account" | "consent";

/**
 * The parameters of an authorization request that an app can set.
 * @see https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
 */
export interface AuthorizationParameters extends TokenTarget {
  readonly prompt?: Prompt;
  /** The email address or login name of the user who will probably log in. */
  readonly loginHint?: string;
  /**
   * The longest allowed time since the user authenticated at the server. Seconds. If more time has passed, the server asks the
   * user to authenticate again.
   */
  readonly maxAge?: number;
  /** The authentication context classes (`acr`) that the app accepts, the preferred class first. */
  readonly acrValues?: readonly string[];
  /**
   * The URL at which the app continues after the login: a URL of this origin, absolute or relative. The result of the login
   * contains this URL.
   */
  readonly returnTo?: string;
}

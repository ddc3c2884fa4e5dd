import type { TokenTarget } from "./token-target.ts";

/**
 * The parameter `prompt` of an authorization request: the page that the server must show the user. With `none`, the server
 * shows no page. If a login is impossible without the user, the server returns an error.
 * @see https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
 */
export type Prompt = "none" | "login" | "select_account" | "consent";

/**
 * The parameters of an authorization request that an app can set.
 * @see https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
 */
export interface AuthorizationParameters extends TokenTarget {
  readonly prompt?: Prompt;
  /** An email address or login name that the server can fill in on its login page. */
  readonly loginHint?: string;
  /**
   * The longest allowed time since the user's last authentication at the server. Seconds. After a longer time, the server asks
   * the user to authenticate again.
   */
  readonly maxAge?: number;
  /**
   * The authentication context classes (`acr`) that the app prefers, in order of preference. The server may choose another one,
   * so read `user.claims.acr`.
   */
  readonly acrValues?: readonly string[];
  /**
   * The URL at which the app continues after the login: an absolute or relative URL of this origin. The result of the login
   * contains this URL.
   */
  readonly returnTo?: string;
}

/** Parameters of every login that an app can set once. A login that sets a parameter itself has its own value. */
export type LoginDefaults = Pick<
  AuthorizationParameters,
  "prompt" | "loginHint" | "maxAge" | "acrValues"
>;

import type { TokenTarget } from "./token-target.ts";

export type Prompt = "none" | "login" | "select_account" | "consent";

/** What a login may say to the authorization endpoint. @see OpenID Connect Core 1.0 section 3.1.2.1 */
export interface AuthorizationParameters extends TokenTarget {
  readonly prompt?: Prompt;
  /** Who is probably about to sign in. */
  readonly loginHint?: string;
  /** Seconds since the person last signed in that are still good enough. */
  readonly maxAge?: number;
  readonly acrValues?: readonly string[];
  /** A URL of this origin, absolute or relative, given back with the answer. */
  readonly returnTo?: string;
}

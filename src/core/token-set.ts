import type { Prompt } from "./authorization-parameters.ts";
import type { User } from "./user.ts";

/** What the token endpoint answered. Shown as `TokenSet [redacted]` by `JSON.stringify` and Node's `inspect`. @see RFC 6749 section 5.1 */
export interface TokenSet {
  readonly accessToken: string;
  readonly tokenType: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly scope: readonly string[];
  readonly refreshToken?: string;
  readonly idToken?: string;
  /** The verified claims of `idToken`. */
  readonly user?: User;
  /** Seconds since the epoch at which the person signed in, when the server told. */
  readonly authTime?: number;
  /** The URI of what `accessToken` is; only on the answer to a token exchange. @see RFC 8693 section 2.2.1 */
  readonly issuedTokenType?: string;
  /** The stored session's generation these tokens belong to; absent when they are not stored yet. */
  readonly generation?: number;
  /** From the answer to `expiresAt`, in milliseconds; only on stored tokens. */
  readonly lifetimeMs?: number;
  /** Which tab got them from the server; only on stored tokens. */
  readonly origin?: "this-tab" | "other-tab";
  /** The resources that the login named, so that its refresh token may be asked for them. @see RFC 8707 section 2.1 */
  readonly resources?: readonly string[];
  /** `tabs`: who signed in is here while a tab is open, unless they are remembered already; `device` when not given. */
  readonly lifetime?: "remembered" | "tabs";
  /** Where the login began, as given to `login()`; only on the answer to an authorization response. */
  readonly returnTo?: string;
  /** What the login named, the `sub` it was for, and what it could show; only on the answer to an authorization response. */
  readonly asked?: {
    readonly resource: string | undefined;
    readonly audience: string | undefined;
    /** Besides what every login asks for. */
    readonly scope?: readonly string[] | undefined;
    readonly user?: string | undefined;
    readonly prompt?: Prompt | undefined;
  };
}

const REDACTED = "TokenSet [redacted]";

/** Makes a `TokenSet` that does not show its secrets when it is logged. */
export function tokenSet(fields: TokenSet): TokenSet {
  const hidden = { enumerable: false, value: () => REDACTED };
  return Object.defineProperties(
    { ...fields },
    { toJSON: hidden, [Symbol.for("nodejs.util.inspect.custom")]: hidden },
  );
}

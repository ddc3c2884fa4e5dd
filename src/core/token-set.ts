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
  /** The time when the user authenticated at the server (the claim `auth_time`). Seconds since the epoch. */
  readonly authTime?: number;
  /**
   * The type of `accessToken`, as a URI. Present only after a token exchange.
   * @see https://www.rfc-editor.org/rfc/rfc8693#section-2.2.1
   */
  readonly issuedTokenType?: string;
  /**
   * The members of the token response that this interface does not name, by their names in the response. Absent if there are
   * none. After a refresh: the members of the newest response. The session store of `createAuth()` does not store these
   * members.
   * @see https://www.rfc-editor.org/rfc/rfc6749#section-5.1
   */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** The value of `SessionRow.generation` when the tokens were stored. Absent if the tokens are not stored in a session. */
  readonly generation?: number;
  /** The lifetime that remained when the access token arrived. Milliseconds. Present only on stored tokens. */
  readonly lifetimeMs?: number;
  /** Who requested the tokens: a tab, or the shared worker for this tab. Present only on stored tokens. */
  readonly origin?: "this-tab" | "other-tab" | "worker";
  /**
   * The resources that the login requested. A refresh may request tokens for these resources.
   * @see https://www.rfc-editor.org/rfc/rfc8707#section-2.1
   */
  readonly resources?: readonly string[];
  /**
   * How long the session is kept. Default: as in the user's previous session, or `remembered` if there was no previous session.
   * - `remembered`: until the user logs out.
   * - `tabs`: until the user's last tab closes. If the user is already remembered, `tabs` has no effect.
   */
  readonly lifetime?: "remembered" | "tabs";
  /** The value of `returnTo` that the app passed at the start of the login. Present only after an authorization response. */
  readonly returnTo?: string;
  /** The parameters of the login. Present only after an authorization response. */
  readonly asked?: {
    readonly resource: string | undefined;
    readonly audience: string | undefined;
    /** The requested scopes, without the scopes that every login requests. */
    readonly scope?: readonly string[] | undefined;
    /** The `sub` of the user who was expected to log in. */
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

/** The token sets that `validatedTokenSet()` has created. A copy of such a token set is not among them. */
const VALIDATED = new WeakSet<TokenSet>();

/**
 * Creates a `TokenSet` of a response that Latchkey has validated. A login validates all other token sets, because a grant of the
 * app might have created them.
 */
export function validatedTokenSet(fields: TokenSet): TokenSet {
  const tokens = tokenSet(fields);
  VALIDATED.add(tokens);
  return tokens;
}

/** Whether `validatedTokenSet()` has created `tokens`. */
export function isValidated(tokens: TokenSet): boolean {
  return VALIDATED.has(tokens);
}

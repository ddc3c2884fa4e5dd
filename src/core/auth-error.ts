/** Marks the errors of Latchkey. `instanceof` fails for an error of another copy of Latchkey. */
export const AUTH_ERROR: unique symbol = Symbol.for("latchkey.error");

/**
 * The base class of all errors that Latchkey throws.
 * @example
 * auth.getToken().catch((error: unknown) => {
 *   if (!isAuthError(error) || !error.retryable) throw error;
 *   setTimeout(() => void auth.getToken(), 5_000);
 * });
 */
export abstract class AuthError extends Error {
  /** The identifier of the error class, for example `network`. A `switch` on `code` can tell the error classes apart. */
  abstract readonly code: string;
  /** True when a repeated call might succeed, without any change by the app or the user. */
  readonly retryable: boolean;
  /** Advice for the developer or the user: how to fix or handle the error. `message` ends with the same text. */
  readonly hint: string;
  /** The page on which the failed login began: a URL or a path. Present only on errors of an authorization response. */
  readonly returnTo?: string;
  /** True if the failed login was silent, so that the user has not noticed it. Present only together with `returnTo`. */
  readonly isSilent?: boolean;

  constructor(message: string, { hint, cause, retryable = false }: AuthErrorDetails) {
    // Consoles show only the message of an uncaught error, so the message includes the hint.
    super(
      hint === "" ? message : `${message}\n${hint}`,
      cause === undefined ? undefined : { cause },
    );
    Object.defineProperty(this, AUTH_ERROR, { value: true });
    this.hint = hint;
    this.retryable = retryable;
  }
}

/** Adds facts about a failed login to its error, and returns the error. */
export function ofLogin<T>(
  error: T,
  { returnTo, prompt }: { readonly returnTo?: string | undefined; readonly prompt?: unknown },
): T {
  if (!(error instanceof AuthError) || returnTo === undefined) return error;
  return Object.assign(error, { returnTo, ...(prompt === "none" && { isSilent: true }) });
}

/** Returns the message of an error without the hint. */
export function withoutHint({ message }: Error): string {
  return message.split("\n")[0]!;
}

/** The arguments of the `AuthError` constructor, without the message. */
export interface AuthErrorDetails {
  /** Advice for the developer or the user: how to fix or handle the error. */
  hint: string;
  /** The error that caused the new error. */
  cause?: unknown;
  /** True when a repeated call might succeed. Default: false. */
  retryable?: boolean;
}

/**
 * The data of a server's error response that an error object contains. The bodies of the request and the response are left out,
 * because the bodies can contain secrets.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-5.2
 */
export interface ServerFacts {
  /** The OAuth error code, such as `invalid_grant`. */
  error?: string | undefined;
  /** The server's `error_description`: a text for developers. */
  errorDescription?: string | undefined;
  /** The server's `error_uri`: a page about the error. */
  errorUri?: string | undefined;
  /** The HTTP status. */
  status?: number | undefined;
  /**
   * The value of the response header `Retry-After`: the client must wait this long before the next request. Milliseconds.
   * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
   */
  retryAfterMs?: number | undefined;
}

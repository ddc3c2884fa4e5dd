/**
 * The base class of every error of Latchkey.
 * @example
 * auth.getToken().catch((error: unknown) => {
 *   if (!isAuthError(error) || !error.retryable) throw error;
 *   setTimeout(() => void auth.getToken(), 5_000);
 * });
 */
export abstract class AuthError extends Error {
  /** A literal to branch on, one for each class, such as `network`. */
  abstract readonly code: string;
  /** True when the same call may succeed later, although the app and the user change nothing. */
  readonly retryable: boolean;
  /** What the developer or the user can do about the error. It is also the last line of `message`. */
  readonly hint: string;

  constructor(message: string, { hint, cause, retryable = false }: AuthErrorDetails) {
    // Uncaught errors show the message only, so it includes the hint.
    super(
      hint === "" ? message : `${message}\n${hint}`,
      cause === undefined ? undefined : { cause },
    );
    this.hint = hint;
    this.retryable = retryable;
  }
}

/** The parts of an error beside its message. */
export interface AuthErrorDetails {
  /** What the developer or the user can do about the error. */
  hint: string;
  /** The error that led to this one. */
  cause?: unknown;
  /** True when the same call may succeed later. Default: false. */
  retryable?: boolean;
}

/**
 * The facts of a server's error response. They never contain a request body or a response body.
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
   * How long the server asks the client to wait, from `Retry-After`. Milliseconds.
   * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
   */
  retryAfterMs?: number | undefined;
}

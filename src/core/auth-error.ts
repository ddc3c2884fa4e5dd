/**
 * The base class of every error of Latchkey.
 * @example
 * auth.getToken().catch((error: unknown) => {
 *   if (!isAuthError(error) || !error.retryable) throw error;
 *   setTimeout(() => void auth.getToken(), 5_000);
 * });
 */
export abstract class AuthError extends Error {
  /**
   * The identifier of the error class, for example `network`. Each error class has a different `code`, so a `switch` can tell
   * the classes apart.
   */
  abstract readonly code: string;
  /** True when the same call might succeed later, without any change by the app or the user. */
  readonly retryable: boolean;
  /** Says what the developer or the user can do about the error. The last line of `message` is the same text. */
  readonly hint: string;

  constructor(message: string, { hint, cause, retryable = false }: AuthErrorDetails) {
    // Consoles show only the message of an uncaught error, so the message includes the hint.
    super(
      hint === "" ? message : `${message}\n${hint}`,
      cause === undefined ? undefined : { cause },
    );
    this.hint = hint;
    this.retryable = retryable;
  }
}

/** Returns the message of an error without the hint. Used when this message becomes a part of another error's message. */
export function withoutHint({ message }: Error): string {
  return message.split("\n")[0]!;
}

/** The arguments of the `AuthError` constructor, without the message. */
export interface AuthErrorDetails {
  /** Says what the developer or the user can do about the error. */
  hint: string;
  /** The error that caused the new error. */
  cause?: unknown;
  /** True when the same call might succeed later. Default: false. */
  retryable?: boolean;
}

/**
 * The public facts about a server's error response. They do not contain the request body or the response body.
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
   * The time that the client must wait before it repeats the request. Milliseconds. The time comes from the header
   * `Retry-After` of the server's response.
   * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
   */
  retryAfterMs?: number | undefined;
}

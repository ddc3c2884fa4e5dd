/** What every error of Latchkey has: a literal `code` to branch on, whether trying again can help, and what to do about it. */
export abstract class AuthError extends Error {
  abstract readonly code: string;
  /** True when the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean;
  /** What the developer, or the person, can do about it. */
  readonly hint: string;

  constructor(message: string, { hint, cause, retryable = false }: AuthErrorDetails) {
    super(message, cause === undefined ? undefined : { cause });
    this.hint = hint;
    this.retryable = retryable;
  }
}

export interface AuthErrorDetails {
  hint: string;
  cause?: unknown;
  retryable?: boolean;
}

/**
 * What a server said about a failure; never a request or response body.
 * @see RFC 6749 section 4.1.2.1
 * @see RFC 6749 section 5.2
 */
export interface ServerFacts {
  error?: string | undefined;
  errorDescription?: string | undefined;
  errorUri?: string | undefined;
  /** HTTP status. */
  status?: number | undefined;
  /** When the server wants to be asked again, if it said so. @see RFC 9110 section 10.2.3 */
  retryAfterMs?: number | undefined;
}

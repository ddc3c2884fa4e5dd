import { serverWords } from "./server-words.ts";
import { AuthError, type AuthErrorDetails, type ServerFacts } from "./auth-error.ts";

/** The authorization server's metadata could not be read, or does not match the configured issuer. */
export class DiscoveryError extends AuthError {
  override readonly name = "DiscoveryError";
  readonly code = "discovery";
  /** The HTTP status of the server's response. Undefined if no response arrived. */
  readonly status: number | undefined;

  constructor(message: string, details: AuthErrorDetails & ServerFacts) {
    super(message, details);
    this.status = details.status;
  }
}

/**
 * The server responded to an authorization request with an error.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
 */
export class AuthorizationError extends AuthError {
  override readonly name = "AuthorizationError";
  readonly code = "authorization";
  /** The OAuth error code, such as `access_denied`. */
  readonly error: string;
  readonly errorDescription: string | undefined;
  readonly errorUri: string | undefined;

  constructor(facts: ServerFacts & { error: string }, hint: string, retryable = false) {
    super(`the authorization server returned the error ${serverWords(facts)}`, { hint, retryable });
    this.error = facts.error;
    this.errorDescription = facts.errorDescription;
    this.errorUri = facts.errorUri;
  }
}

/**
 * The server refused a token request, or sent a malformed response. This error does not end a stored session.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-5.2
 */
export class RequestTokenError extends AuthError {
  override readonly name = "RequestTokenError";
  readonly code = "request_token";
  /** The OAuth error code, such as `invalid_scope`. */
  readonly error: string | undefined;
  readonly errorDescription: string | undefined;
  readonly errorUri: string | undefined;
  /** The HTTP status of the server's response. Undefined if no response arrived. */
  readonly status: number | undefined;
  /** The time that must pass before the client repeats the request. Milliseconds. Undefined if unknown. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, details: AuthErrorDetails & ServerFacts) {
    super(message, details);
    this.error = details.error;
    this.errorDescription = details.errorDescription;
    this.errorUri = details.errorUri;
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/**
 * An ID token is invalid.
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
 */
export class IdTokenError extends AuthError {
  override readonly name = "IdTokenError";
  readonly code = "id_token";
  /** The name of the invalid claim, or of another invalid part of the ID token, such as `signature`. */
  readonly claim: string;

  constructor(claim: string, message: string, details: AuthErrorDetails) {
    super(`ID token, ${claim}: ${message}`, details);
    this.claim = claim;
  }
}

/** The browser did not open a window for the login, for example because of its popup blocker. */
export class PopupBlockedError extends AuthError {
  override readonly name = "PopupBlockedError";
  readonly code = "popup_blocked";

  constructor() {
    super("the browser did not open a login window", {
      hint: "Call login() directly in a click handler. To log in without a popup, give another userAgent, or none.",
    });
  }
}

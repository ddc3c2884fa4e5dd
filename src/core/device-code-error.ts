import { AuthError, type AuthErrorDetails, type ServerFacts } from "./auth-error.ts";

/**
 * A device login that ended without tokens. `reason`: the server's word, `expired_token` also by our own clock;
 * `unsupported` without a device authorization endpoint, `invalid` for an answer that cannot be used.
 * @see RFC 8628 section 3.5
 */
export class DeviceCodeError extends AuthError {
  override readonly name = "DeviceCodeError";
  readonly code = "device_code";
  readonly reason: "expired_token" | "access_denied" | "refused" | "unsupported" | "invalid";
  readonly error: string | undefined;
  readonly errorDescription: string | undefined;
  readonly status: number | undefined;

  constructor(
    reason: DeviceCodeError["reason"],
    message: string,
    details: AuthErrorDetails & ServerFacts,
  ) {
    super(message, details);
    this.reason = reason;
    this.error = details.error;
    this.errorDescription = details.errorDescription;
    this.status = details.status;
  }
}

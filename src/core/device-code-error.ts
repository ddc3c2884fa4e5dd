import { AuthError, type AuthErrorDetails, type ServerFacts } from "./auth-error.ts";

/**
 * A device login ended without tokens. `reason` says why:
 * - `expired_token`: the code expired, by the server's clock or by this device's clock.
 * - `access_denied`: the user denied the login.
 * - `unsupported`: the server has no device authorization endpoint.
 * - `invalid`: the device authorization response is malformed.
 * - `refused`: the login failed for a reason that is not in this list.
 * @see https://www.rfc-editor.org/rfc/rfc8628#section-3.5
 */
export class DeviceCodeError extends AuthError {
  override readonly name = "DeviceCodeError";
  readonly code = "device_code";
  readonly reason: "expired_token" | "access_denied" | "refused" | "unsupported" | "invalid";
  /** The OAuth error code of the server's response. */
  readonly error: string | undefined;
  readonly errorDescription: string | undefined;
  /** The HTTP status of the server's response. */
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

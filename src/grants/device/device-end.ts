import { DeviceCodeError } from "../../core/device-code-error.ts";
import { NoTokenError, type AuthError } from "../../core/errors.ts";
import type { RequestTokenError } from "../../core/protocol-errors.ts";
import type { DeviceEnd } from "./pending-device.ts";

/** Returns the error for an expired code. `response`: the server's error response, if this tab received one. */
export function deviceExpired(response?: RequestTokenError): DeviceCodeError {
  return new DeviceCodeError(
    "expired_token",
    "the device code expired before the user approved the login",
    {
      ...facts(response),
      hint: "Offer the login again. The next login shows a new code.",
    },
  );
}

/** Returns the error for a login that the user denied. `response`: the server's error response, if this tab received one. */
export function deviceDenied(response?: RequestTokenError): DeviceCodeError {
  return new DeviceCodeError("access_denied", "the user denied the login", {
    ...facts(response),
    hint: "No session was started or ended. Offer the login again.",
  });
}

/** Returns the error for a login that ended in another tab. `end`: how the login ended. */
export function endedElsewhere(end: DeviceEnd): AuthError {
  if (end === "approved")
    return new NoTokenError("another tab got the tokens of this device login");
  if (end === "denied") return deviceDenied();
  if (end === "expired") return deviceExpired();
  return new DeviceCodeError("refused", "the device login failed in another tab", {
    hint: "See the error in the other tab. Then offer the login again.",
  });
}

/**
 * Returns how the login ended. `error`: the error that the login threw. A `NoTokenError` means that another tab got the tokens,
 * so the login was approved.
 */
export function endOf(error: unknown): DeviceEnd {
  if (error instanceof NoTokenError) return "approved";
  if (!(error instanceof DeviceCodeError)) return "failed";
  if (error.reason === "access_denied") return "denied";
  return error.reason === "expired_token" ? "expired" : "failed";
}

function facts(response: RequestTokenError | undefined) {
  if (!response) return undefined;
  const { error, errorDescription, status } = response;
  return { error, errorDescription, status };
}

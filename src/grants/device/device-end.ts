import { DeviceCodeError } from "../../core/device-code-error.ts";
import { NoTokenError, type AuthError } from "../../core/errors.ts";
import type { RequestTokenError } from "../../core/protocol-errors.ts";
import type { DeviceEnd } from "./pending-device.ts";

/** Returns the error for an expired code. `response`: the server's error; without it this device's clock decided. */
export function deviceExpired(response?: RequestTokenError): DeviceCodeError {
  return new DeviceCodeError("expired_token", "the device code expired before a user entered it", {
    ...facts(response),
    hint: "Offer the login again. A new code is shown.",
  });
}

/** Returns the error for a login that the user denied. `response`: the server's error, if this tab polled. */
export function deviceDenied(response?: RequestTokenError): DeviceCodeError {
  return new DeviceCodeError("access_denied", "the user denied the login", {
    ...facts(response),
    hint: "Offer the login again. Nothing has changed.",
  });
}

/** Returns the error for a waiting tab, after the login ended in the polling tab. */
export function endedElsewhere(end: DeviceEnd): AuthError {
  if (end === "approved") return new NoTokenError("another tab got the tokens of this login");
  if (end === "denied") return deviceDenied();
  if (end === "expired") return deviceExpired();
  return new DeviceCodeError("refused", "the device login failed in another tab", {
    hint: "See the error in the tab that polled. Offer the login again.",
  });
}

/** Returns how the login ended, for the record that waiting tabs read. */
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

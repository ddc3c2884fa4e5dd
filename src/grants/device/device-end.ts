import { DeviceCodeError } from "../../core/device-code-error.ts";
import { NoTokenError, type AuthError, type RequestTokenError } from "../../core/errors.ts";
import type { DeviceEnd } from "./pending-device.ts";

/** By our own clock, or as `said` by the server. */
export function deviceExpired(said?: RequestTokenError): DeviceCodeError {
  return new DeviceCodeError("expired_token", "the code expired before anybody entered it", {
    ...facts(said),
    hint: "Offer the login again: it shows a new code.",
  });
}

export function deviceDenied(said?: RequestTokenError): DeviceCodeError {
  return new DeviceCodeError("access_denied", "the person said no", {
    ...facts(said),
    hint: "Offer the login again; nothing was changed.",
  });
}

/** What a tab that waited is told about the end of the login in the tab that polled. */
export function endedElsewhere(end: DeviceEnd): AuthError {
  if (end === "approved") return new NoTokenError("another tab has the tokens of this login");
  if (end === "denied") return deviceDenied();
  if (end === "expired") return deviceExpired();
  return new DeviceCodeError("refused", "the login failed in another tab", {
    hint: "The error in the tab that polled says more. Offer the login again.",
  });
}

/** The end of which `error` tells. */
export function endOf(error: unknown): DeviceEnd {
  if (error instanceof NoTokenError) return "approved";
  if (!(error instanceof DeviceCodeError)) return "failed";
  if (error.reason === "access_denied") return "denied";
  return error.reason === "expired_token" ? "expired" : "failed";
}

function facts(said: RequestTokenError | undefined) {
  return (
    said && { error: said.error, errorDescription: said.errorDescription, status: said.status }
  );
}

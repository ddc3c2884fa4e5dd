import { isAuthError } from "../core/errors.ts";

/** Returns what an element says about a failed login: the error code of the server, or else the `code` of the error. */
export function problemCode(error: unknown): string {
  if (!isAuthError(error)) return "error";
  return "error" in error && error.error ? error.error : error.code;
}

import { InvalidResponseError } from "../../core/errors.ts";

/** What was given to `handleCallback()` is no response that it can take. */
export function refusal(parameter: string, message: string): InvalidResponseError {
  return new InvalidResponseError(
    parameter,
    message,
    "Call handleCallback() on the redirect URI only, with the URL as the server sent it.",
  );
}

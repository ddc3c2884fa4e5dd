import type { CallbackResult } from "../core/auth.ts";
import { InvalidResponseError } from "../core/errors.ts";

/** The callbacks of this page by their `state`, so that a second call shares the first one's result. */
export class Callbacks {
  readonly #results = new Map<string, Promise<CallbackResult>>();
  #last: Promise<CallbackResult> | undefined;

  /** @param handle begins before this returns, so that it can clean the address bar in the same task */
  once(url: string, handle: (state: string) => Promise<CallbackResult>): Promise<CallbackResult> {
    const state = new URL(url).searchParams.get("state");
    // The address bar was cleaned by an earlier call: that one's result is meant.
    if (state === null) return this.#last ?? Promise.reject(noResponse());
    const known = this.#results.get(state);
    if (known) return known;
    const result = handle(state);
    this.#results.set(state, result);
    this.#last = result;
    return result;
  }
}

/** Is there an authorization response in `url`, sent to `redirectUri`? */
export function isCallback(url: string, redirectUri: string): boolean {
  const { origin, pathname, searchParams } = new URL(url);
  const redirect = new URL(redirectUri);
  return (
    origin === redirect.origin &&
    pathname === redirect.pathname &&
    searchParams.has("state") &&
    (searchParams.has("code") || searchParams.has("error"))
  );
}

/** `url` without the authorization response. @see RFC 6749 section 4.1.2 @see RFC 9207 section 2 */
export function withoutResponse(url: string): string {
  const clean = new URL(url);
  for (const name of ["code", "state", "iss", "session_state", "error", "error_description", "error_uri"]) {
    clean.searchParams.delete(name);
  }
  return clean.href;
}

function noResponse(): InvalidResponseError {
  return new InvalidResponseError(
    "state",
    "there is no authorization response in this URL",
    "Call handleCallback() on the redirect URI only, with the URL as the server sent it.",
  );
}

import type { ClientKey } from "../../core/keys.ts";
import { isStateOf } from "../../core/response-state.ts";
import { InvalidResponseError } from "../../core/errors.ts";

/**
 * Is there a response to a request of `client` in `url`, well-formed or not, at `redirectUri`, perhaps with another slash at
 * the end? @see RFC 6749 section 4.1.2
 */
export function isCallback(url: string, redirectUri: string, client: ClientKey): boolean {
  return isAtRedirectUri(url, redirectUri) && !!stateOf(new URL(url), client);
}

/** The `state` of a response to a request of `client`, wherever it was sent. Others have a `state` and a `code`, too. */
export function stateOf({ searchParams, hash }: URL, client: ClientKey): string | undefined {
  return [searchParams, fragment(hash)]
    .map((parameters) => parameters.get("state") ?? "")
    .find((state) => isStateOf(client, state));
}

/** The `state` of what may be the answer to a sign-out. @see OpenID Connect RP-Initiated Logout 1.0 section 3 */
export function logoutStateOf(url: string, redirectUri: string | undefined): string | null {
  return redirectUri !== undefined && isAtRedirectUri(url, redirectUri)
    ? new URL(url).searchParams.get("state")
    : null;
}

/** Both are absolute and normalised. A host may add a slash to a path, or remove it. */
export function isAtRedirectUri(url: string, redirectUri: string): boolean {
  return placeOf(url) === placeOf(redirectUri);
}

function placeOf(url: string): string {
  return url.replace(/\/?([?#].*)?$/, "");
}

export function fragment(hash: string): URLSearchParams {
  return new URLSearchParams(hash.slice(1));
}

/** What was given to `handleCallback()` is no response that it can take. */
export function refusal(parameter: string, message: string): InvalidResponseError {
  return new InvalidResponseError(
    parameter,
    message,
    "Call handleCallback() on the redirect URI only, with the URL as the server sent it.",
  );
}

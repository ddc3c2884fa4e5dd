import type { ClientKey } from "../../core/keys.ts";
import { isStateOf } from "../../core/response-state.ts";
import { InvalidResponseError } from "../../core/errors.ts";

/**
 * Whether `url` is `redirectUri` with a response to a request of `client`. The response may be malformed.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
 */
export function isCallback(url: string, redirectUri: string, client: ClientKey): boolean {
  return isAtRedirectUri(url, redirectUri) && !!stateOf(new URL(url), client);
}

/** Returns the `state` of a response to `client` in any URL. Other code may use parameters named `state` and `code`, too. */
export function stateOf({ searchParams, hash }: URL, client: ClientKey): string | undefined {
  return [searchParams, fragment(hash)]
    .map((parameters) => parameters.get("state") ?? "")
    .find((state) => isStateOf(client, state));
}

/**
 * Returns the `state` of a URL that may be a logout response.
 * @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RedirectionAfterLogout
 */
export function logoutStateOf(url: string, redirectUri: string | undefined): string | null {
  return redirectUri !== undefined && isAtRedirectUri(url, redirectUri)
    ? new URL(url).searchParams.get("state")
    : null;
}

/** Compares two absolute, normalised URLs up to the query. A web server may add a slash to a path, or remove it. */
export function isAtRedirectUri(url: string, redirectUri: string): boolean {
  return placeOf(url) === placeOf(redirectUri);
}

function placeOf(url: string): string {
  return url.replace(/\/?([?#].*)?$/, "");
}

/** Parses the parameters in a fragment. */
export function fragment(hash: string): URLSearchParams {
  return new URLSearchParams(hash.slice(1));
}

/** The error for a URL that `handleCallback()` cannot handle. */
export function refusal(parameter: string, message: string): InvalidResponseError {
  return new InvalidResponseError(
    parameter,
    message,
    "Call handleCallback() on the redirect URI only, with the URL as the server sent it.",
  );
}

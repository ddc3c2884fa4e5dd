import type { ClientKey } from "../../core/keys.ts";
import { isStateOf } from "../../core/response-state.ts";
import { InvalidResponseError } from "../../core/errors.ts";

/**
 * Returns true if `url` is the `redirectUri` and contains the `state` of a request of `client`. The other parameters of the
 * response are not checked, so they can be malformed.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
 */
export function isCallback(url: string, redirectUri: string, client: ClientKey): boolean {
  return isAtRedirectUri(url, redirectUri) && !!stateOf(new URL(url), client);
}

/**
 * Returns the `state` of a response to `client`. The `state` can be in the query or in the fragment of the URL. Other code
 * might use a parameter named `state`, too, so a value that does not have the form of this client's `state` is ignored.
 */
export function stateOf({ searchParams, hash }: URL, client: ClientKey): string | undefined {
  return [searchParams, fragment(hash)]
    .map((parameters) => parameters.get("state") ?? "")
    .find((state) => isStateOf(client, state));
}

/**
 * Returns the `state` of a URL that might be a logout response, or null if `url` is not `redirectUri` or has no `state`.
 * @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RedirectionAfterLogout
 */
export function logoutStateOf(url: string, redirectUri: string | undefined): string | null {
  return redirectUri !== undefined && isAtRedirectUri(url, redirectUri)
    ? new URL(url).searchParams.get("state")
    : null;
}

/**
 * Returns true if two absolute, normalised URLs are equal apart from the query and the fragment. Ignores a slash at the end of
 * the path, because a web server might add or remove the slash.
 */
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

/** Returns the error for a URL that `handleCallback()` cannot handle. */
export function refusal(parameter: string, message: string): InvalidResponseError {
  return new InvalidResponseError(
    parameter,
    message,
    "Call handleCallback() only on the page of the redirect URI. Pass the unchanged URL of that page.",
  );
}

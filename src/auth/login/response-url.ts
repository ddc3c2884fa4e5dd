import type { ClientKey } from "../../core/keys.ts";
import { isNearRedirectUri } from "../../core/redirect-uri.ts";
import { isStateOf } from "../../core/response-state.ts";
import { InvalidResponseError } from "../../core/errors.ts";

/**
 * Returns true if `url` is at `redirectUri` and contains the `state` of a request of `client`. Does not check the other
 * parameters of the response.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
 */
export function isCallback(url: string, redirectUri: string, client: ClientKey): boolean {
  return isNearRedirectUri(url, redirectUri) && !!stateOf(new URL(url), client);
}

/**
 * Returns the `state` of an authorization response from the query or the fragment of the URL. Ignores a parameter `state` that
 * does not belong to `client`.
 */
export function stateOf({ searchParams, hash }: URL, client: ClientKey): string | undefined {
  return [searchParams, fragment(hash)]
    .map((parameters) => parameters.get("state") ?? "")
    .find((state) => isStateOf(client, state));
}

/**
 * If `url` is at `redirectUri` (the post-logout redirect URI), returns the parameter `state` of `url`. Otherwise returns null.
 * @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RedirectionAfterLogout
 */
export function logoutStateOf(url: string, redirectUri: string | undefined): string | null {
  return redirectUri !== undefined && isNearRedirectUri(url, redirectUri)
    ? new URL(url).searchParams.get("state")
    : null;
}

/** Parses a URL fragment as parameters. A router might have added a slash before the parameters. */
export function fragment(hash: string): URLSearchParams {
  return new URLSearchParams(hash.replace(/^#\/?/, ""));
}

/** Returns the error for a URL that `handleCallback()` cannot handle. */
export function refusal(parameter: string, message: string): InvalidResponseError {
  return new InvalidResponseError(
    parameter,
    message,
    "Call handleCallback() only on the page of the redirect URI. Pass the unchanged URL of that page.",
  );
}

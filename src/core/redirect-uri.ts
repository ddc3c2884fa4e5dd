import { parseUrl } from "./same-origin.ts";

/**
 * Returns true if `url` is the redirect URI with the parameters of a response. Compares scheme, host and path, and ignores the
 * query and the fragment. Scheme and host may be in upper case. `com.example.app:/cb` and `com.example.app:///cb` are equal,
 * because neither has a host.
 * @see https://www.rfc-editor.org/rfc/rfc8252#section-7.1
 */
export function isAtRedirectUri(url: string, redirectUri: string): boolean {
  const place = placeOf(url);
  return place !== undefined && place === placeOf(redirectUri);
}

/**
 * Returns true if `url` belongs to the redirect URI. Unlike `isAtRedirectUri()`, ignores a slash at the end of the path of a web
 * page, because a web server might add or remove the slash. Latchkey recognises such a response, and refuses it with an error
 * that names both URLs.
 */
export function isNearRedirectUri(url: string, redirectUri: string): boolean {
  const place = placeOf(url);
  return place !== undefined && withoutSlash(place) === withoutSlash(placeOf(redirectUri) ?? "");
}

function withoutSlash(place: string): string {
  return place.replace(/^(https?:.*)\/$/, "$1");
}

/**
 * Returns the URL without its query and fragment, in one form. Reads the host from the text, because older browsers parse no host
 * of a scheme such as `com.example.app:`.
 */
function placeOf(url: string): string | undefined {
  return parseUrl(url)
    ?.href.replace(
      /^([^/?#]+)(?:\/\/([^/?#]*))?([^?#]*).*/,
      (_, scheme: string, host = "", path) => `${scheme}//${host.toLowerCase()}${path}`,
    )
    .replace(/^([^/]*\/\/[^/]+)\/$/, "$1");
}

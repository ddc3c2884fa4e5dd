import { parseUrl } from "./same-origin.ts";

/**
 * Returns true if `url` is the redirect URI with the parameters of a response. Compares scheme, host and path, and ignores the
 * query and the fragment. Scheme and host may be in upper case.
 * - A slash at the end of the path of a web page is ignored, because a web server might add or remove the slash.
 * - `com.example.app:/cb` and `com.example.app:///cb` are equal, because neither has a host.
 * @see https://www.rfc-editor.org/rfc/rfc8252#section-7.1
 */
export function isAtRedirectUri(url: string, redirectUri: string): boolean {
  const place = placeOf(url);
  return place !== undefined && place === placeOf(redirectUri);
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
    .replace(/^(https?:.*|[^/]*\/\/[^/]+)\/$/, "$1");
}

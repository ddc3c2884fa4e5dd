import { ConfigurationError } from "../../core/errors.ts";
import { isSameOrigin, parseUrl } from "../../core/same-origin.ts";

/**
 * Returns the redirect URI of a login in this page, a popup or a frame, as an absolute URL.
 * @throws ConfigurationError the URL has another origin than this page, so this page could not receive the response
 */
export function resolveRedirectUri(redirectUri: string): string {
  if (isSameOrigin(redirectUri, location.href)) return absoluteUrl(redirectUri);
  throw new ConfigurationError(
    "redirectUri",
    `this page cannot receive a response at ${redirectUri}, which has another origin`,
    "Give a URL of this page's origin, or give createAuth() a userAgent that can receive the response.",
  );
}

/** Returns an absolute URL as it is, because servers compare redirect URIs as strings. Resolves a relative URL. */
export function absoluteUrl(url: string): string {
  return parseUrl(url) ? url : new URL(url, location.href).href;
}

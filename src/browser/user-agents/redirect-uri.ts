import { ConfigurationError } from "../../core/errors.ts";

/**
 * Returns the redirect URI as an absolute URL.
 * @throws ConfigurationError the URL has another origin than this page, so this page could not receive the response
 */
export function resolveRedirectUri(redirectUri: string): string {
  const { href, origin } = new URL(redirectUri, location.href);
  if (origin === location.origin) return href;
  throw new ConfigurationError(
    "redirectUri",
    `its origin is ${origin}, and the origin of this page is ${location.origin}`,
    "Pass a URL of this page's origin, and register that URL at the server.",
  );
}

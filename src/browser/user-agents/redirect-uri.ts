import { ConfigurationError } from "../../core/errors.ts";

/** Absolute. @throws ConfigurationError the URL is of another origin: what arrives there never reaches this page */
export function resolveRedirectUri(redirectUri: string): string {
  const { href, origin } = new URL(redirectUri, location.href);
  if (origin === location.origin) return href;
  throw new ConfigurationError(
    "redirectUri",
    `it is not of ${location.origin}`,
    "Give a URL of the origin this page is on.",
  );
}

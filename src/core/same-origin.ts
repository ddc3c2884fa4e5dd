/**
 * Whether `url` has the same origin as `base`. A relative `url` is resolved against `base`. A `url` with a scheme counts as
 * absolute, so `https:evil` has the host `evil`.
 */
export function isSameOrigin(url: string, base: string): boolean {
  const expected = parseUrl(base);
  const actual = parseUrl(url) ?? parseUrl(url, base);
  // Compare the protocols, too, because a `blob:` URL has the origin of the page that created the URL.
  return (
    !!expected &&
    !!actual &&
    actual.protocol === expected.protocol &&
    actual.origin === expected.origin &&
    actual.origin !== "null"
  );
}

/** Parses a URL. Returns undefined if the URL is malformed. */
export function parseUrl(url: string, base?: string): URL | undefined {
  try {
    return new URL(url, base);
  } catch {
    return undefined;
  }
}

/** Whether a request to this URL may contain secrets: the URL uses https, or uses http with this machine as the host. */
export function isSecureUrl({ protocol, hostname }: URL): boolean {
  return (
    protocol === "https:" ||
    (protocol === "http:" && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname))
  );
}

/**
 * Whether `url` can be an endpoint of the authorization server: an absolute URL without a fragment. `isSecureUrl()` must also
 * be true for the URL.
 */
export function isEndpoint(url: unknown): url is string {
  const parsed = typeof url === "string" ? parseUrl(url) : undefined;
  return parsed !== undefined && parsed.hash === "" && isSecureUrl(parsed);
}

/**
 * Whether `url` has the origin of `base`. If `url` can be parsed alone, it is an absolute URL. Otherwise `url` is relative and
 * is resolved against `base`. A browser would resolve `https:evil` against `base`, too. Here it is an absolute URL with the
 * host `evil`, because other parsers read it that way.
 */
export function isSameOrigin(url: string, base: string): boolean {
  const expected = parseUrl(base);
  const actual = parseUrl(url) ?? parseUrl(url, base);
  // The protocols must be equal, too, because a `blob:` URL has the origin of the page that created it.
  return (
    !!expected &&
    !!actual &&
    actual.protocol === expected.protocol &&
    actual.origin === expected.origin &&
    actual.origin !== "null"
  );
}

/** Parses a URL. Returns undefined when it is malformed. */
export function parseUrl(url: string, base?: string): URL | undefined {
  try {
    return new URL(url, base);
  } catch {
    return undefined;
  }
}

/** Whether requests to this URL are allowed to contain secrets: the URL uses https, or http to this machine. */
export function isSecureUrl({ protocol, hostname }: URL): boolean {
  return (
    protocol === "https:" ||
    (protocol === "http:" && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname))
  );
}

/**
 * Whether `url` can be an endpoint of the server. It must be an absolute URL without a fragment, and `isSecureUrl()` must be
 * true.
 */
export function isEndpoint(url: unknown): url is string {
  const parsed = typeof url === "string" ? parseUrl(url) : undefined;
  return parsed !== undefined && parsed.hash === "" && isSecureUrl(parsed);
}

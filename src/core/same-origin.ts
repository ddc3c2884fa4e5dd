/**
 * Whether `url` has the origin of `base`. A URL that parses without `base` counts as absolute, because `https:evil` is a path
 * only for a parser with an https base, and another host for every other parser.
 */
export function isSameOrigin(url: string, base: string): boolean {
  const expected = parseUrl(base);
  const actual = parseUrl(url) ?? parseUrl(url, base);
  // The protocol must be equal, too: a `blob:` URL has the origin of the page that made it.
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

/** Whether requests to this URL may carry secrets: it uses https, or http to this machine. */
export function isSecureUrl({ protocol, hostname }: URL): boolean {
  return (
    protocol === "https:" ||
    (protocol === "http:" && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname))
  );
}

/** True for a URL that may receive secrets and users. A fragment is never allowed. */
export function isEndpoint(url: unknown): url is string {
  const parsed = typeof url === "string" ? parseUrl(url) : undefined;
  return parsed !== undefined && parsed.hash === "" && isSecureUrl(parsed);
}

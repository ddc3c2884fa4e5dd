/**
 * Whether `url` has the same origin as `base`. A relative `url` is resolved against `base`. A `url` with a scheme counts as
 * absolute, so `https:evil` has the host `evil`.
 */
export function isSameOrigin(url: string, base: string): boolean {
  const expected = parseUrl(base);
  const actual = parseUrl(url) ?? parseUrl(url, base);
  const origin = expected && originOf(expected);
  return !!actual && origin !== undefined && originOf(actual) === origin;
}

/**
 * Returns the scheme, the host and the port of a URL. `URL.origin` is the text "null" for a scheme such as `capacitor:`, whose
 * pages still have an origin of their own. Returns undefined for a URL without a host, such as a `blob:` or `data:` URL.
 */
function originOf({ href }: URL): string | undefined {
  return /^[^/:]+:\/\/[^/?#]+/.exec(href)?.[0];
}

/** Parses a URL. Returns undefined if the URL is malformed. */
export function parseUrl(url: string, base?: string): URL | undefined {
  try {
    return new URL(url, base);
  } catch {
    return undefined;
  }
}

/** No page or app can receive an authorization response at a URL with one of these schemes. */
const REFUSED = /^(javascript|vbscript|data|blob|filesystem|file|about|mailto|wss?|ftp):$/;

/**
 * Whether a server can send a response to this absolute URL: to a page, or to an app that has registered the URL's scheme.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2
 * @see https://www.rfc-editor.org/rfc/rfc8252#section-7.1
 */
export function isRedirectUri({ protocol, href }: URL): boolean {
  return !REFUSED.test(protocol) && !href.includes("#");
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

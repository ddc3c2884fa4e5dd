import { shared } from "../core/lazy.ts";
import { parseUrl, isSecureUrl } from "../core/same-origin.ts";
import { ConfigurationError } from "../core/errors.ts";
import { sendAuthorized } from "./send-authorized.ts";
import { type GetToken, RefusedTokens } from "./refused-tokens.ts";

export interface CreateFetchConfig {
  /**
   * `auth.getToken`, or a token manager's. Where several people sign in, one that gives the same person's to the end:
   * `(options) => auth.getToken({ ...options, user: sub })`.
   */
  readonly getToken: GetToken;
  /** Who gets the token: origins, such as `https://api.example.com`, or a path there and what is below. */
  readonly allow: readonly string[];
  /** Who does not, all the same: a path and what is below, or what a pattern finds in the path. */
  readonly exclude?: readonly (string | RegExp)[];
  /** The header that carries the token; `authorization` when not given. */
  readonly headerName?: string;
  /** What stands before the token in it; `Bearer` when not given. */
  readonly prefix?: string;
  readonly fetch?: (request: Request) => Promise<Response>;
}

/**
 * `createFetch()` as a package entry composes it.
 * @param load what decides about tokens that were refused: of this `fetch` alone when not given
 * @throws ConfigurationError `allow` or `exclude` name something else
 */
export function createFetch(
  {
    getToken,
    allow,
    exclude = [],
    headerName = "authorization",
    prefix = "Bearer",
    fetch: send = (request) => fetch(request),
  }: CreateFetchConfig,
  load: () => Promise<RefusedTokens> = async () => new RefusedTokens(),
): (input: RequestInfo | URL, init?: RequestInit) => Promise<Response> {
  const loadOnce = shared(load);
  const allowed = allow.map(parseAllowed);
  const excluded = exclude.map(parseExcluded);
  const followsRedirects = headerName.toLowerCase() === "authorization";

  const isFor = (url: string): boolean => {
    const { origin, pathname } = new URL(url);
    return (
      allowed.some((there) => there.origin === origin && isBelow(pathname, there.pathname)) &&
      !excluded.some((path) =>
        // Not test(): it moves along in a pattern with the flag g.
        typeof path === "string" ? isBelow(pathname, path) : pathname.search(path) >= 0,
      )
    );
  };

  return async (input, init) => {
    const asked = new Request(input, init);
    if (!isFor(asked.url)) return send(asked);
    const request =
      followsRedirects || asked.redirect === "manual"
        ? asked
        : new Request(asked, { redirect: "error" });
    const withToken = (request: Request, token: string) => {
      request.headers.set(headerName, `${prefix} ${token}`.trim());
      return send(request);
    };
    return sendAuthorized(request, getToken, withToken, loadOnce);
  };
}

function parseAllowed(entry: string): URL {
  const url = parseUrl(entry);
  if (url && isSecureUrl(url) && !url.search && !url.hash && !url.username && !url.password) {
    return url;
  }
  throw new ConfigurationError(
    "allow",
    `${url ? url.origin : "an entry"} is not an https origin or a path of one`,
    'Give origins, for example ["https://api.example.com"]; http only for localhost.',
  );
}

/** A path as URLs have it. */
function parseExcluded(path: string | RegExp): string | RegExp {
  if (typeof path !== "string") return path;
  const url = path.startsWith("/") ? parseUrl(`https://path.invalid${path}`) : undefined;
  if (url && !url.search && !url.hash) return url.pathname;
  throw new ConfigurationError(
    "exclude",
    "it is not a path",
    'Give paths that begin with a slash, for example ["/public"], or patterns.',
  );
}

/** By whole segments: `/public` is not `/publications`. */
function isBelow(pathname: string, path: string): boolean {
  const folder = path.endsWith("/") ? path : `${path}/`;
  return `${pathname}/`.startsWith(folder);
}

/**
 * `fetch` with the token, for the origin of `page`, a URL. `load`: what replaces tokens that were refused.
 * @see RFC 6750 section 2.1
 */
export function authorizedFetch(
  getToken: GetToken,
  page: string,
  load?: () => Promise<RefusedTokens>,
): (input: RequestInfo | URL, init?: RequestInit) => Promise<Response> {
  return async (input, init) => {
    const request = new Request(input, init);
    const { origin } = new URL(request.url);
    if (origin !== new URL(page).origin) {
      throw new ConfigurationError(
        "url",
        `the token is not sent to ${origin}`,
        "auth.fetch is for this page's own origin; for another one use createFetch().",
      );
    }
    return sendAuthorized(request, getToken, send, load);
  };
}

function send(request: Request, token: string): Promise<Response> {
  request.headers.set("authorization", `Bearer ${token}`);
  return fetch(request);
}

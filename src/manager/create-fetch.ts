import { ConfigurationError } from "../core/errors.ts";
import { parseUrl } from "../core/same-origin.ts";
import { isSecureUrl } from "../core/secure-url.ts";
import { sendAuthorized, type GetToken } from "./send-authorized.ts";

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
 * A `fetch` that brings the token to whom it is for, and nothing to others. After a 401 it tries once more with a newer one;
 * when there is none, the 401 is the answer. Without a token it sends nothing and rejects as `getToken` does. It follows no
 * redirect with a `headerName` of your own: `fetch` would take that one along to wherever the server points.
 * @see RFC 6750 section 2.1
 * @throws ConfigurationError `allow` or `exclude` name something else
 */
export function createFetch({
  getToken,
  allow,
  exclude = [],
  headerName = "authorization",
  prefix = "Bearer",
  fetch: send = (request) => fetch(request),
}: CreateFetchConfig): (input: RequestInfo | URL, init?: RequestInit) => Promise<Response> {
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
    return sendAuthorized(request, getToken, (request, token) => {
      request.headers.set(headerName, `${prefix} ${token}`.trim());
      return send(request);
    });
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

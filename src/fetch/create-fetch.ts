import { shared } from "../core/lazy.ts";
import { parseUrl, isSecureUrl } from "../core/same-origin.ts";
import { ConfigurationError } from "../core/errors.ts";
import { sendAuthorized } from "./send-authorized.ts";
import { type GetToken, RefusedTokens } from "./refused-tokens.ts";

/** The options of `createFetch()`: which requests get a token, and how the token is sent. */
export interface CreateFetchConfig {
  /**
   * Returns the token. Pass `auth.getToken`, or the `getToken` of a token manager. If several users can sign in, pass a
   * function that sets the user: `(options) => auth.getToken({ ...options, user: sub })`. A request is then never repeated with
   * another user's token.
   */
  readonly getToken: GetToken;
  /**
   * The URLs that get the token. Each entry is an origin, such as `https://api.example.com`, or an origin with a path. An entry
   * with a path also allows all paths below this path.
   */
  readonly allow: readonly string[];
  /**
   * The exceptions from `allow`: requests to these paths get no token. Each entry is a path or a regular expression. A path
   * also excludes all paths below it. A regular expression excludes each path that contains a match.
   */
  readonly exclude?: readonly (string | RegExp)[];
  /**
   * The name of the header that contains the token. Default: `authorization`. If you set another name, redirects are not
   * followed, because `fetch` would send a header with this name to other origins, too.
   */
  readonly headerName?: string;
  /** The text before the token in the header. Default: `Bearer`. */
  readonly prefix?: string;
  /** Sends a request. Default: the global `fetch`. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

/**
 * Returns a `fetch` function that sends a token to the allowed URLs only. The `createFetch()` that the package exports has no
 * parameter `load`. That function calls this one and passes a `load`.
 * @param load loads the `RefusedTokens` object, which decides after a 401 response whether the request is repeated. By default,
 * each `fetch` function has a `RefusedTokens` object of its own
 * @throws ConfigurationError `allow` or `exclude` has an invalid entry
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1
 * @example
 * const api = createFetch({ getToken: auth.getToken, allow: ["https://api.example.com"] });
 * const response = await api("https://api.example.com/invoices");
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
      allowed.some((entry) => entry.origin === origin && isBelow(pathname, entry.pathname)) &&
      !excluded.some((path) =>
        // `test()` is not used here: if the expression has the flag `g`, each call of `test()` continues after the last match.
        // `search()` always starts at the first character.
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
    `an entry${url ? ` for ${url.origin}` : ""} is not an https origin with an optional path`,
    'Use URLs without query, fragment and credentials, for example ["https://api.example.com"]. http is allowed for localhost only.',
  );
}

/**
 * Returns the path in the form that `URL.pathname` has, for example percent-encoded. Returns a regular expression unchanged.
 */
function parseExcluded(path: string | RegExp): string | RegExp {
  if (typeof path !== "string") return path;
  const url = path.startsWith("/") ? parseUrl(`https://path.invalid${path}`) : undefined;
  if (url && !url.search && !url.hash) return url.pathname;
  throw new ConfigurationError(
    "exclude",
    `"${path}" is not a path`,
    'Use regular expressions, or paths that begin with a slash and have no query and no fragment, for example ["/public"].',
  );
}

/** Returns true if `pathname` equals `path` or is below it. `/public/a` is below `/public`, but `/publications` is not. */
function isBelow(pathname: string, path: string): boolean {
  const folder = path.endsWith("/") ? path : `${path}/`;
  return `${pathname}/`.startsWith(folder);
}

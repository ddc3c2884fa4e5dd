import { shared } from "../core/lazy.ts";
import { parseUrl, isSecureUrl } from "../core/same-origin.ts";
import { ConfigurationError } from "../core/errors.ts";
import { sendAuthorized, setHeader } from "./send-authorized.ts";
import { isBelow, readingsOf, type Readings } from "./path-rules.ts";
import { type GetToken, RefusedTokens } from "./refused-tokens.ts";

/** The options of `createFetch()`: which requests get a token, and how the token is sent. */
export interface CreateFetchConfig {
  /**
   * Returns the access token. Pass `auth.getToken`, or the `getToken` of a token manager. If several users can sign in, pass a
   * function that sets the user: `(options) => auth.getToken({ ...options, user: sub })`. A retry then never uses the token of
   * another user.
   */
  readonly getToken: GetToken;
  /**
   * The URLs to which a token is sent. Each entry is an origin, such as `https://api.example.com`, or an origin with a path. A
   * path also allows all paths below it. Encoded characters are compared decoded, so `/%761` is `/v1`. Some servers read
   * `/v1/..%2fv2` as `/v2`. Such a path gets the token only if one entry covers every reading.
   */
  readonly allow: readonly string[];
  /**
   * The paths to which no token is sent. Each entry is a path or a regular expression. A path also excludes all paths below it.
   * A regular expression excludes each path that contains a match, encoded or decoded. Some servers read `/a/..%2fpublic` as
   * `/public`. Such a path is excluded if one of its readings is excluded.
   */
  readonly exclude?: readonly (string | RegExp)[];
  /**
   * The name of the header that contains the token. Default: `authorization`. With another name, redirects are not followed,
   * because `fetch` would send this header to other origins, too.
   */
  readonly headerName?: string;
  /** The text before the token in the header. Default: `Bearer`. */
  readonly prefix?: string;
  /** Sends a request. Default: the global `fetch`. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

/**
 * Returns a `fetch` function that adds a token to requests to the allowed URLs. Other requests are sent without a token.
 *
 * If `exclude` is given, or if an entry of `allow` has a path, redirects of requests with a token are not followed, because a
 * redirect might leave the allowed paths.
 * @param load loads the object that decides whether a request is repeated after a 401 response. Default: returns a new
 * `RefusedTokens` object
 * @throws ConfigurationError `allow` or `exclude` has an invalid entry, or `headerName` or `prefix` cannot be part of a header
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
  checkHeader(headerName, prefix);
  const loadOnce = shared(load);
  const allowed = allow.map(parseAllowed);
  const excluded = exclude.map(parseExcluded);
  const hasPaths = excluded.length > 0 || allowed.some(({ readings: [once] }) => once!.length > 0);
  const followsRedirects = headerName.toLowerCase() === "authorization" && !hasPaths;

  const isFor = (url: string): boolean => {
    const { origin, pathname } = new URL(url);
    const readings = readingsOf(pathname);
    const texts = [pathname, ...readings.map((reading) => `/${reading.join("/")}`)];
    return (
      allowed.some(
        (entry) =>
          entry.origin === origin &&
          readings.every((reading, at) => isBelow(reading, entry.readings[at]!)),
      ) &&
      !excluded.some((path) =>
        path instanceof RegExp
          ? // `search()` always starts at the first character. With the flag `g`, `test()` would start after the previous match.
            texts.some((text) => text.search(path) >= 0)
          : readings.some((reading, at) => isBelow(reading, path[at]!)),
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
      setHeader(request, headerName, `${prefix} ${token}`.trim());
      return send(request);
    };
    return sendAuthorized(request, getToken, withToken, loadOnce);
  };
}

function checkHeader(name: string, prefix: string): void {
  const headers = new Headers();
  let input = "headerName";
  try {
    headers.set(name, "");
    input = "prefix";
    headers.set(name, `${prefix} token`);
  } catch {
    throw new ConfigurationError(
      input,
      "it cannot be part of an HTTP header",
      'Use ASCII characters without spaces, for example headerName: "x-api-key" and prefix: "Token".',
    );
  }
}

function parseAllowed(entry: string): { origin: string; readings: Readings } {
  const url = parseUrl(entry);
  if (url && isSecureUrl(url) && !url.search && !url.hash && !url.username && !url.password) {
    return { origin: url.origin, readings: readingsOf(url.pathname) };
  }
  throw new ConfigurationError(
    "allow",
    `an entry${url ? ` for ${url.origin}` : ""} is not an https origin with an optional path`,
    'Use URLs without query, fragment and credentials, for example ["https://api.example.com"]. http is allowed for localhost only.',
  );
}

/** Returns the readings of a path. Returns a regular expression unchanged. */
function parseExcluded(path: string | RegExp): Readings | RegExp {
  if (typeof path !== "string") return path;
  const url = path.startsWith("/") ? parseUrl(`https://path.invalid${path}`) : undefined;
  if (url && !url.search && !url.hash) return readingsOf(url.pathname);
  throw new ConfigurationError(
    "exclude",
    `"${path}" is not a path`,
    'Use regular expressions, or paths that begin with a slash and have no query and no fragment, for example ["/public"].',
  );
}

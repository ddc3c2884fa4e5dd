import { shared } from "../core/lazy.ts";
import { ConfigurationError } from "../core/errors.ts";
import { sendAuthorized, setHeader } from "./send-authorized.ts";
import { type GetToken, RefusedTokens } from "./refused-tokens.ts";
import { urlRules } from "./url-rules.ts";

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
    exclude,
    headerName = "authorization",
    prefix = "Bearer",
    fetch: send = (request) => fetch(request),
  }: CreateFetchConfig,
  load: () => Promise<RefusedTokens> = async () => new RefusedTokens(),
): (input: RequestInfo | URL, init?: RequestInit) => Promise<Response> {
  checkHeader(headerName, prefix);
  const loadOnce = shared(load);
  const { covers, hasPaths } = urlRules(allow, exclude);
  const followsRedirects = headerName.toLowerCase() === "authorization" && !hasPaths;

  return async (input, init) => {
    const asked = new Request(input, init);
    if (!covers(asked.url)) return send(asked);
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

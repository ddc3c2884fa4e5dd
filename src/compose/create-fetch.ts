import { chunk } from "../core/lazy.ts";
import { createFetch as composeFetch, type CreateFetchConfig } from "../fetch/create-fetch.ts";

/**
 * Returns a `fetch` that sends the token to the URLs in `allow` only. If `getToken` rejects, a call for one of these URLs sends
 * nothing and rejects with the same error.
 *
 * If the API responds with 401, the call sends the request once more with a newer token. If there is no newer token, or if the
 * API refuses the newer token, too, the call returns the 401 response. A pause then begins for the origin of the API. During
 * the pause, every tab returns each 401 response of this origin without a second request. If a retry after the pause fails,
 * too, the next pause is longer.
 *
 * If `headerName` is not `authorization`, `fetch` would keep the header with the token in a redirect to another origin. So
 * with such a `headerName`, redirects are not followed.
 * @throws ConfigurationError `allow` or `exclude` has an invalid entry
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1
 * @example
 * const api = createFetch({ getToken: auth.getToken, allow: ["https://api.example.com"] });
 * const response = await api("https://api.example.com/invoices");
 */
export function createFetch(
  config: CreateFetchConfig,
): (input: RequestInfo | URL, init?: RequestInit) => Promise<Response> {
  return composeFetch(config, async () =>
    (await chunk(import("./refused-tokens.chunk.ts"))).createRefusedTokens(),
  );
}

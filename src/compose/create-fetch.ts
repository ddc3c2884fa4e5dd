import { chunk } from "../core/lazy.ts";
import { createFetch as composeFetch, type CreateFetchConfig } from "../fetch/create-fetch.ts";

/**
 * Returns a function with the signature of `fetch`. The function adds an access token to requests for the URLs in `allow`. If
 * `getToken` rejects, the request is not sent, and the function rejects with the same error.
 *
 * If an API responds with 401, the function repeats the request once with a newer token. If the API refuses the newer token
 * too, requests to this API are not repeated for some time.
 *
 * Redirects of requests with a token are not followed in two cases:
 * - `headerName` is not `authorization`. The browser could send the token to another origin.
 * - `exclude` is given, or an entry of `allow` has a path. The redirect might leave the allowed paths.
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

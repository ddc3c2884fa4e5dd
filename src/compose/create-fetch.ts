import { chunk } from "../core/lazy.ts";
import { createFetch as composeFetch, type CreateFetchConfig } from "../fetch/create-fetch.ts";

/**
 * Returns a `fetch` that sends the token to the URLs in `allow` only. Without a token it sends nothing to these URLs, and
 * rejects as `getToken` does.
 *
 * After a 401 response it tries once more with a newer token. Without a newer token it returns the 401 response. An API that
 * refuses the newer token, too, gets a growing pause, which all tabs share. In the pause, 401 responses are returned at once.
 *
 * With a `headerName` other than `authorization` it follows no redirects: `fetch` would send that header to other origins, too.
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

import { chunk } from "../core/lazy.ts";
import { createFetch as composeFetch, type CreateFetchConfig } from "../fetch/create-fetch.ts";

/**
 * A `fetch` that brings the token to whom it is for, and nothing to others. After a 401 it tries once more with a newer one;
 * when there is none, the 401 is the answer. An API that refuses the newer token, too, gets a growing pause, in which its 401s
 * are the answer at once. All tabs share the pause. Without a token it sends nothing and rejects as `getToken` does. It follows
 * no redirect with a `headerName` of your own: `fetch` would take that one along to wherever the server points.
 * @see RFC 6750 section 2.1
 * @throws ConfigurationError `allow` or `exclude` name something else
 */
export function createFetch(
  config: CreateFetchConfig,
): (input: RequestInfo | URL, init?: RequestInit) => Promise<Response> {
  return composeFetch(config, async () =>
    (await chunk(import("./refused-tokens.chunk.ts"))).createRefusedTokens(),
  );
}

import { ConfigurationError } from "../core/errors.ts";
import type { GetToken } from "./get-token.ts";
import type { RefusedTokens } from "./refused-tokens.ts";
import { sendAuthorized } from "./send-authorized.ts";

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

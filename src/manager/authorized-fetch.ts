import { ConfigurationError } from "../core/errors.ts";
import { sendAuthorized, type GetToken } from "./send-authorized.ts";

/** `fetch` with the token, for the origin of `page`, a URL. @see RFC 6750 section 2.1 */
export function authorizedFetch(
  getToken: GetToken,
  page: string,
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
    return sendAuthorized(request, getToken, send);
  };
}

function send(request: Request, token: string): Promise<Response> {
  request.headers.set("authorization", `Bearer ${token}`);
  return fetch(request);
}

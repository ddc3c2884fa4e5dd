import { ConfigurationError } from "../core/errors.ts";
import { isSameOrigin } from "../core/same-origin.ts";
import type { GetToken, RefusedTokens } from "./refused-tokens.ts";

/**
 * Sends `request` with a token. After a 401 response, the `RefusedTokens` object can send the request once more with a newer
 * token. `load` loads this object. The user is never asked to log in.
 * @throws ConfigurationError the mode of the request is `no-cors`, in which the browser removes the token
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-3.1
 */
export async function sendAuthorized(
  request: Request,
  getToken: GetToken,
  send: (request: Request, token: string) => Promise<Response>,
  load: (() => Promise<RefusedTokens>) | undefined,
): Promise<Response> {
  const { signal, url, mode } = request;
  if (mode === "no-cors") {
    throw new ConfigurationError(
      "mode",
      'a request with the mode "no-cors" cannot have a token',
      "Omit the mode, and allow this origin at the API (CORS).",
    );
  }
  const again = request.clone();
  const token = await getToken({ prompt: "none", signal });
  const response = await send(request, token);
  if (response.status !== 401) return response;
  const refused = await load?.().catch(() => undefined);
  const { origin } = new URL(url);
  const second = await refused?.retry({ origin, token, getToken, signal }, async (newer) => {
    await response.body?.cancel().catch(() => {});
    return send(again, newer);
  });
  return second ?? response;
}

/**
 * Returns a `fetch` function that adds a token to each request. A request to another origin than the origin of `page` rejects
 * with a `ConfigurationError`. `load` loads the object that decides whether a request is repeated after a 401 response. Without
 * `load`, no request is repeated.
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1
 */
export function authorizedFetch(
  getToken: GetToken,
  page: string,
  load?: () => Promise<RefusedTokens>,
): (input: RequestInfo | URL, init?: RequestInit) => Promise<Response> {
  return async (input, init) => {
    const request = new Request(input, init);
    if (!isSameOrigin(request.url, page)) {
      throw new ConfigurationError(
        "url",
        `auth.fetch sends requests to this page's origin only, and not to ${new URL(request.url).origin}`,
        "For requests to other origins, use createFetch().",
      );
    }
    return sendAuthorized(request, getToken, send, load);
  };
}

function send(request: Request, token: string): Promise<Response> {
  setHeader(request, "authorization", `Bearer ${token}`);
  return fetch(request);
}

/**
 * Sets a header of `request` that contains a token.
 * @throws ConfigurationError an HTTP header cannot contain `value`. The platform's own error might contain the token
 */
export function setHeader(
  { headers }: Pick<Request, "headers">,
  name: string,
  value: string,
): void {
  try {
    headers.set(name, value);
  } catch {
    throw new ConfigurationError(
      "token",
      "an HTTP header cannot contain it",
      "Use ASCII characters.",
    );
  }
}

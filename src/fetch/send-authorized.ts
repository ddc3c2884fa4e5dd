import { ConfigurationError } from "../core/errors.ts";
import type { GetToken, RefusedTokens } from "./refused-tokens.ts";

/**
 * Sends `request` with a token. After a 401, sends it once more with a newer token, if the `RefusedTokens` from `load` allow it
 * and there is a newer token. Otherwise returns the response with the 401. Never shows anything.
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-3.1
 */
export async function sendAuthorized(
  request: Request,
  getToken: GetToken,
  send: (request: Request, token: string) => Promise<Response>,
  load: (() => Promise<RefusedTokens>) | undefined,
): Promise<Response> {
  const { signal, url } = request;
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
 * Returns a `fetch` that sends the token to the origin of the URL `page`, and rejects for other origins with a
 * `ConfigurationError`. `load` loads the `RefusedTokens` that decide after a 401. Without `load`, a 401 is returned at once.
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1
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
        `auth.fetch sends no token to ${origin}, because it is not this page's origin`,
        "Use createFetch() for other origins.",
      );
    }
    return sendAuthorized(request, getToken, send, load);
  };
}

function send(request: Request, token: string): Promise<Response> {
  request.headers.set("authorization", `Bearer ${token}`);
  return fetch(request);
}

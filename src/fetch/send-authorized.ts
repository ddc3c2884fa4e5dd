import type { GetToken, RefusedTokens } from "./refused-tokens.ts";

/**
 * Sends `request` with a token. After a 401 once more with a newer one, when what `load` gives finds one and lets it be tried.
 * When there is none, the 401 is the answer. Never shows anything.
 * @see RFC 6750 section 3.1
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

/** `Auth.getToken`, a token manager's, or anything like them. */
export type GetToken = (options: {
  prompt: "none";
  cache?: "reload";
  signal: AbortSignal;
}) => Promise<string>;

/**
 * Sends `request` with a token. After a 401 once more with a newer one: one that came meanwhile, or else one that is got now.
 * When there is none, the 401 is the answer. Never shows anything.
 * @see RFC 6750 section 3.1
 */
export async function sendAuthorized(
  request: Request,
  getToken: GetToken,
  send: (request: Request, token: string) => Promise<Response>,
): Promise<Response> {
  const { signal } = request;
  const again = request.clone();
  const token = await getToken({ prompt: "none", signal });
  const response = await send(request, token);
  if (response.status !== 401) return response;
  const newer = await newerToken(getToken, token, signal).catch(() => undefined);
  signal.throwIfAborted();
  if (newer === undefined) return response;
  await response.body?.cancel().catch(() => {});
  return send(again, newer);
}

async function newerToken(
  getToken: GetToken,
  refused: string,
  signal: AbortSignal,
): Promise<string> {
  const current = await getToken({ prompt: "none", signal });
  return current === refused ? getToken({ prompt: "none", cache: "reload", signal }) : current;
}

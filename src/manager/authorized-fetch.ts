import { ConfigurationError } from "../core/errors.ts";

type GetToken = (options: {
  prompt: "none";
  cache?: "reload";
  signal: AbortSignal;
}) => Promise<string>;

/**
 * `fetch` with the token, for the page's own origin. After a 401 it tries once more with a newer token: one that came
 * meanwhile, or else one that is fetched now. When there is none, the 401 is the answer.
 * @see RFC 6750 section 2.1
 */
export function authorizedFetch(
  getToken: GetToken,
  href: () => string,
): (input: RequestInfo | URL, init?: RequestInit) => Promise<Response> {
  return async (input, init) => {
    const request = new Request(input, init);
    const { origin } = new URL(request.url);
    if (origin !== new URL(href()).origin) {
      throw new ConfigurationError(
        "url",
        `the token is not sent to ${origin}`,
        "auth.fetch is for this page's own origin; for another one use fetch with the token of getToken().",
      );
    }
    const { signal } = request;
    const again = request.clone();
    const token = await getToken({ prompt: "none", signal });
    const response = await send(request, token);
    if (response.status !== 401) return response;
    const newer = await newerToken(getToken, token, signal).catch(() => undefined);
    signal.throwIfAborted();
    return newer === undefined ? response : send(again, newer);
  };
}

async function newerToken(
  getToken: GetToken,
  refused: string,
  signal: AbortSignal,
): Promise<string> {
  const current = await getToken({ prompt: "none", signal });
  return current === refused ? getToken({ prompt: "none", cache: "reload", signal }) : current;
}

function send(request: Request, token: string): Promise<Response> {
  request.headers.set("authorization", `Bearer ${token}`);
  return fetch(request);
}

import { ConfigurationError } from "../core/errors.ts";

type GetToken = (options: {
  prompt: "none";
  cache?: "reload";
  signal: AbortSignal;
}) => Promise<string>;

/**
 * `fetch` with the token, for one origin. After a 401 it tries once more with a newer token; when there is none, the 401
 * is the answer. @see RFC 6750 section 2.1
 */
export function authorizedFetch(
  getToken: GetToken,
  origin: () => string,
): (input: RequestInfo | URL, init?: RequestInit) => Promise<Response> {
  return async (input, init) => {
    const request = new Request(input, init);
    if (new URL(request.url).origin !== origin()) {
      throw new ConfigurationError(
        "url",
        `the token is not sent to ${new URL(request.url).origin}`,
        "auth.fetch is for this page's own origin; for another one use fetch with the token of getToken().",
      );
    }
    const { signal } = request;
    const again = request.clone();
    const response = await send(request, await getToken({ prompt: "none", signal }));
    if (response.status !== 401) return response;
    const newer = await getToken({ prompt: "none", cache: "reload", signal }).catch(
      () => undefined,
    );
    return newer === undefined ? response : send(again, newer);
  };
}

function send(request: Request, token: string): Promise<Response> {
  request.headers.set("authorization", `Bearer ${token}`);
  return fetch(request);
}

import { ConfigurationError } from "../core/errors.ts";
import type { GetTokenOptions } from "../core/auth-options.ts";
import { isSameOrigin } from "../core/same-origin.ts";

/**
 * Sends a request with the token of `getToken()`, as `auth.fetch` does, through the global `fetch`. A relative URL is resolved
 * against the page's base URL. After a 401 response, the request is sent once more if `getToken()` returns a newer token. `onSend`
 * gets a copy of each request. Unlike `auth.fetch`, this function makes no pause after a second 401 response.
 * @throws ConfigurationError the request goes to another origin than the page, its mode is `no-cors`, or no header can contain
 * the token
 */
export async function sendWithToken(
  input: RequestInfo | URL,
  init: RequestInit | undefined,
  getToken: (options: GetTokenOptions) => Promise<string>,
  onSend: (request: Request) => void,
): Promise<Response> {
  // In jsdom, the `Request` of Node resolves no relative URL.
  const page = typeof location === "object" ? location.href : undefined;
  const base = typeof document === "object" ? document.baseURI : page;
  const isText = typeof input === "string" || input instanceof URL;
  const request = new Request(isText && page ? new URL(input, base) : input, init);
  checkRequest(request, page);
  const again = request.clone();
  const options = { prompt: "none", signal: request.signal } as const;
  const token = await getToken(options);
  const response = await send(request, token, onSend);
  if (response.status !== 401) return response;
  const newer = await newerToken(getToken, token, options).catch(() => token);
  request.signal.throwIfAborted();
  return newer === token ? response : send(again, newer, onSend);
}

function checkRequest({ url, mode }: Request, page: string | undefined): void {
  if (page !== undefined && !isSameOrigin(url, page)) {
    throw new ConfigurationError(
      "url",
      `auth.fetch sends requests to this page's origin only, and not to ${new URL(url).origin}`,
      "For requests to other origins, use createFetch().",
    );
  }
  if (mode === "no-cors") {
    throw new ConfigurationError(
      "mode",
      'a request with the mode "no-cors" cannot have a token',
      "Omit the mode, and allow this origin at the API (CORS).",
    );
  }
}

async function newerToken(
  getToken: (options: GetTokenOptions) => Promise<string>,
  refused: string,
  options: GetTokenOptions,
): Promise<string> {
  const current = await getToken(options);
  return current === refused ? getToken({ ...options, cache: "reload", refused }) : current;
}

function send(
  request: Request,
  token: string,
  onSend: (request: Request) => void,
): Promise<Response> {
  try {
    request.headers.set("authorization", `Bearer ${token}`);
  } catch {
    throw new ConfigurationError(
      "token",
      "an HTTP header cannot contain it",
      "Use ASCII characters.",
    );
  }
  onSend(request.clone());
  return fetch(request);
}

import { ConfigurationError } from "../core/errors.ts";
import { isSameOrigin } from "../core/same-origin.ts";

/**
 * Sends a request with the token of `getToken()`, as `auth.fetch` does, through the global `fetch`. A relative URL is resolved
 * against the page. `onSend` gets a copy of the request.
 * @throws ConfigurationError the request goes to another origin than the page
 */
export async function sendWithToken(
  input: RequestInfo | URL,
  init: RequestInit | undefined,
  getToken: () => Promise<string>,
  onSend: (request: Request) => void,
): Promise<Response> {
  // In jsdom, the `Request` of Node resolves no relative URL.
  const page = typeof location === "object" ? location.href : undefined;
  const isText = typeof input === "string" || input instanceof URL;
  const request = new Request(isText && page ? new URL(input, page) : input, init);
  if (page !== undefined && !isSameOrigin(request.url, page)) {
    throw new ConfigurationError(
      "url",
      `auth.fetch sends requests to this page's origin only, and not to ${new URL(request.url).origin}`,
      "For requests to other origins, use createFetch().",
    );
  }
  const token = await getToken();
  request.headers.set("authorization", `Bearer ${token}`);
  onSend(request.clone());
  return fetch(request);
}

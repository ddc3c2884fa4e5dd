import { NetworkError } from "../core/errors.ts";
import { request, type HttpOptions } from "./token/form-request.ts";

/**
 * Finds out why a request got no response. If the server responds to a request in the mode `no-cors`, the browser has withheld
 * the response. Returns the error that says so. In every other case, returns undefined. The error is retryable, because many
 * gateways have no CORS headers on the pages of temporary failures.
 *
 * In the mode `no-cors`, every response of another origin has the status 0.
 * @see https://fetch.spec.whatwg.org/#concept-filtered-response-opaque
 */
export async function diagnose(
  name: string,
  url: string,
  { fetch, timeoutMs, signal }: HttpOptions,
): Promise<NetworkError | undefined> {
  const init = { mode: "no-cors", redirect: "follow", cache: "no-store" } as const;
  try {
    const { status } = await request(name, url, init, { fetch, timeoutMs, signal });
    if (status !== 0) return undefined;
  } catch {
    return undefined;
  }
  return new NetworkError(
    `${name} ${url}: the browser withheld the response of the server (CORS)`,
    undefined,
    `The server is reachable. Either the ${name} does not allow this origin (CORS), or it responds with a redirect, or it refused the request with a response that has no CORS headers. The developer tools of the browser show the response. Allow this origin at the server, or send the request from your own server.`,
    true,
    true,
  );
}

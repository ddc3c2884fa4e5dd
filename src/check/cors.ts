import { change, note, ok, type Finding } from "./finding.ts";
import type { HttpResponse } from "./request.ts";

/** Whether the header allows a page of `origin` to read the response to a request without cookies. */
export function allows({ headers }: HttpResponse, origin: string): boolean {
  const allowed = headers.get("access-control-allow-origin");
  return allowed === "*" || allowed === origin;
}

/**
 * Whether a page of `origin` can read a response.
 * @param isAppKnown many servers allow only the origins of known clients, so without a client the finding is a note
 */
export function corsFinding(
  endpoint: string,
  response: HttpResponse,
  origin: string,
  isAppKnown: boolean,
): Finding {
  const topic = `CORS: ${endpoint}`;
  if (allows(response, origin)) return ok(topic, "the app may read the response");
  const seen = `the response has no Access-Control-Allow-Origin for ${origin}`;
  return isAppKnown
    ? change(topic, seen, `Allow the origin ${origin} at the server.`)
    : note(topic, seen, "Pass --client-id and --redirect-uri to check the app's own origin.");
}

/**
 * Whether a page may send the header `Authorization`. The value `*` does not include this header.
 * @see https://fetch.spec.whatwg.org/#cors-protocol-and-credentials
 */
export function allowsAuthorization(preflight: HttpResponse, origin: string): boolean {
  const { status, headers } = preflight;
  const names = (headers.get("access-control-allow-headers") ?? "").toLowerCase().split(",");
  const isListed = names.some((name) => name.trim() === "authorization");
  return status >= 200 && status < 300 && allows(preflight, origin) && isListed;
}

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
    : note(
        topic,
        seen,
        "Pass --client-id and --redirect-uri to check the app's own origin, and --origin if its pages have another origin.",
      );
}

/**
 * How the response to a preflight allows a page to send the header `Authorization`: by its name, or by `*`. In the standard, `*`
 * does not include this header. Browsers still accept it, with a warning.
 * @see https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name
 */
export function authorizationAllowedBy(
  preflight: HttpResponse,
  origin: string,
): "name" | "*" | undefined {
  const { status, headers } = preflight;
  if (status < 200 || status > 299 || !allows(preflight, origin)) return undefined;
  const listed = (headers.get("access-control-allow-headers") ?? "").toLowerCase().split(",");
  const names = listed.map((name) => name.trim());
  return names.includes("authorization") ? "name" : names.includes("*") ? "*" : undefined;
}

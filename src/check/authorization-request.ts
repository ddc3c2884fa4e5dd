import { parseObject } from "../core/shape.ts";
import { isAtRedirectUri } from "../core/redirect-uri.ts";
import { FAKE_VALUE, type ClientToCheck } from "./finding.ts";
import type { HttpResponse, Send } from "./request.ts";

/** An authorization request of Latchkey. */
export interface AuthorizationRequest extends ClientToCheck {
  readonly scope: readonly string[];
  /** Absent: the server may show its login page. */
  readonly prompt?: "none" | undefined;
}

/** What the authorization endpoint did. */
export type LoginResult =
  /** It sent the browser back to the app. */
  | {
      readonly type: "returned";
      readonly error: string;
      /** The error and its description. */
      readonly text: string;
      readonly issuer?: string;
    }
  /** It showed a page, such as a login page. */
  | { readonly type: "page" }
  /** It refused the request with a page of its own. */
  | { readonly type: "refused"; readonly status: number; readonly text: string };

/**
 * Sends an authorization request. No user is logged in. With `prompt=none`, a server that accepts everything else returns an error
 * such as `login_required` to the app.
 * @throws NoResponseError no response
 * @see https://openid.net/specs/openid-connect-core-1_0.html#AuthError
 */
export async function sendAuthorizationRequest(
  endpoint: string,
  { clientId, redirectUri, scope, prompt }: AuthorizationRequest,
  send: Send,
): Promise<LoginResult> {
  const url = new URL(endpoint);
  const parameters = {
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: "code",
    scope: scope.join(" "),
    state: FAKE_VALUE,
    nonce: FAKE_VALUE,
    // The challenge of RFC 7636, appendix B.
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    code_challenge_method: "S256",
    prompt,
  };
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined) url.searchParams.set(name, value);
  const response = await send(url.href, { headers: { Accept: "text/html" } });
  return loginResult(response, redirectUri);
}

function loginResult({ status, text, location }: HttpResponse, redirectUri: string): LoginResult {
  if (!location)
    return status < 400
      ? { type: "page" }
      : { type: "refused", status, text: textOf(status, text) };
  const parameters = new URLSearchParams(location.search || location.hash.slice(1));
  const error = parameters.get("error") ?? "";
  const description = parameters.get("error_description");
  const full = description ? `${error} (${description.slice(0, 200)})` : error;
  const issuer = parameters.get("iss");
  const isResponse =
    parameters.get("state") === FAKE_VALUE && isAtRedirectUri(location.href, redirectUri);
  if (isResponse)
    return { type: "returned", error, text: full, ...(issuer !== null && { issuer }) };
  return error ? { type: "refused", status, text: full } : { type: "page" };
}

/**
 * Whether a page of the app receives the responses. For a chromiumapp.org URL, the browser gives the response to the extension.
 */
export function isWebPage(redirectUri: string): boolean {
  const { protocol, hostname } = new URL(redirectUri);
  return /^https?:$/.test(protocol) && !hostname.endsWith(".chromiumapp.org");
}

/** Returns the error of OAuth, or the text of the page. */
function textOf(status: number, body: string): string {
  const { error, error_description: description } = parseObject(body) ?? {};
  if (typeof error === "string")
    return `status ${status}, ${error}${typeof description === "string" ? ` (${description})` : ""}`;
  const page = body
    .replaceAll(/<(script|style|head)\b.*?<\/\1>/gis, " ")
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
  return `status ${status}${page ? `, "${page.slice(0, 160)}"` : ""}`;
}

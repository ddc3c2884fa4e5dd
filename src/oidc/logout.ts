import { abortable } from "../core/abortable.ts";
import type { EndSessionRequest, LogoutEndpoint } from "../core/authorization-server.ts";
import { postForm } from "./token/form-request.ts";
import { NAVIGATION_AGE_MS } from "./metadata-source.ts";
import type { ServerParts } from "./context.ts";
import { refusal, parseFacts } from "./token/token-response.ts";

/**
 * Revokes a refresh token. If the server has no revocation endpoint, does nothing.
 * @throws RequestTokenError the server refused the revocation
 * @throws NetworkError no response
 * @see https://www.rfc-editor.org/rfc/rfc7009#section-2
 */
export async function revokeToken(
  parts: Pick<ServerParts, "loadMetadata" | "getCredentials" | "client">,
  token: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { revocationEndpoint } = await abortable(parts.loadMetadata(), signal);
  if (!revocationEndpoint) return;
  const form = {
    name: "revocation endpoint",
    url: revocationEndpoint,
    parameters: { token, token_type_hint: "refresh_token" },
    secrets: [token],
    credentials: await abortable(parts.getCredentials(), signal),
  };
  const response = await postForm(form, parts.client(signal));
  // Only the status says whether the token is revoked. The body of the response is ignored (RFC 7009 section 2.2).
  if (response.status < 200 || response.status > 299)
    throw refusal(form.name, parseFacts(response, form));
}

/** Returns the names of the endpoints for a logout that the server does not have. */
export async function missingEndpoints(
  parts: Pick<ServerParts, "loadMetadata">,
  signal: AbortSignal | undefined,
): Promise<readonly LogoutEndpoint[]> {
  const { revocationEndpoint, endSessionEndpoint } = await abortable(
    parts.loadMetadata(NAVIGATION_AGE_MS),
    signal,
  );
  const endpoints = [
    ["revocation_endpoint", revocationEndpoint],
    ["end_session_endpoint", endSessionEndpoint],
  ] as const;
  return endpoints.flatMap(([name, url]) => (url ? [] : name));
}

/**
 * Returns the URL of a logout request. When the browser opens this URL, the server ends the user's session. If the server has
 * no end-session endpoint, returns undefined.
 * @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout
 */
export async function endSessionUrl(
  parts: ServerParts,
  { idToken, postLogoutRedirectUri, state, parameters = {} }: EndSessionRequest,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const { endSessionEndpoint } = await abortable(parts.loadMetadata(NAVIGATION_AGE_MS), signal);
  if (!endSessionEndpoint) return undefined;
  const url = new URL(endSessionEndpoint);
  for (const [name, value] of Object.entries(parameters)) {
    if (value) url.searchParams.set(name, value);
  }
  url.searchParams.set("client_id", parts.config.clientId);
  if (idToken) url.searchParams.set("id_token_hint", idToken);
  if (postLogoutRedirectUri) {
    url.searchParams.set("post_logout_redirect_uri", postLogoutRedirectUri);
    if (state) url.searchParams.set("state", state);
  }
  return url.href;
}

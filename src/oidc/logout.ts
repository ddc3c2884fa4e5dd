import { abortable } from "../core/abortable.ts";
import type {
  EndSessionRequest,
  LogoutEndpoint,
  RevokedToken,
} from "../core/authorization-server.ts";
import { checkLogoutParameters } from "../core/owned-logout-parameters.ts";
import { postForm } from "./token/form-request.ts";
import { NAVIGATION_AGE_MS } from "./metadata-source.ts";
import type { ServerParts } from "./context.ts";
import { refusal, parseFacts } from "./token/token-response.ts";

/** A longer ID token is not sent as `id_token_hint`. Logins have the same limit. Characters. */
const MAX_HINT_LENGTH = 2_000;

/**
 * Revokes a token. If the server has no revocation endpoint, does nothing.
 * @throws DiscoveryError the revocation endpoint in the metadata is not an https URL
 * @throws RequestTokenError the server refused the revocation
 * @throws NetworkError no response
 * @see https://www.rfc-editor.org/rfc/rfc7009#section-2
 */
export async function revokeToken(
  parts: Pick<ServerParts, "loadEndpoint" | "getCredentials" | "client">,
  token: string,
  signal: AbortSignal | undefined,
  kind: RevokedToken = "refresh_token",
): Promise<void> {
  const revocationEndpoint = await abortable(parts.loadEndpoint("revocationEndpoint"), signal);
  if (!revocationEndpoint) return;
  const form = {
    name: "revocation endpoint",
    url: revocationEndpoint,
    parameters: { token, token_type_hint: kind },
    secrets: [token],
    credentials: await abortable(parts.getCredentials(), signal),
  };
  const response = await postForm(form, parts.client(signal));
  // Only the status says whether the token is revoked. The body of the response is ignored (RFC 7009 section 2.2).
  if (response.status < 200 || response.status > 299)
    throw refusal(form.name, parseFacts(response, form));
}

/** Returns the names of the endpoints for a logout that are missing in the server's metadata. */
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
 * no end-session endpoint, returns undefined. A long ID token is not sent, because a long URL might not reach the server. Then
 * `logout_hint` names the user.
 * @throws ConfigurationError `parameters` has a parameter that Latchkey sets
 * @throws DiscoveryError the end-session endpoint in the metadata is not an https URL
 * @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout
 */
export async function endSessionUrl(
  parts: ServerParts,
  { idToken, logoutHint, postLogoutRedirectUri, state, parameters = {} }: EndSessionRequest,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  checkLogoutParameters(parameters);
  const loaded = parts.loadEndpoint("endSessionEndpoint", NAVIGATION_AGE_MS);
  const endSessionEndpoint = await abortable(loaded, signal);
  if (!endSessionEndpoint) return undefined;
  const url = new URL(endSessionEndpoint);
  url.searchParams.set("client_id", parts.config.clientId);
  if (idToken && idToken.length <= MAX_HINT_LENGTH) url.searchParams.set("id_token_hint", idToken);
  else if (idToken && logoutHint) url.searchParams.set("logout_hint", logoutHint);
  if (postLogoutRedirectUri) {
    url.searchParams.set("post_logout_redirect_uri", postLogoutRedirectUri);
    if (state) url.searchParams.set("state", state);
  }
  for (const [name, value] of Object.entries(parameters)) {
    if (value) url.searchParams.set(name, value);
  }
  return url.href;
}

import { abortable } from "../core/abortable.ts";
import type { EndSessionRequest } from "../core/authorization-server.ts";
import { postForm } from "./token/form-request.ts";
import { NAVIGATION_AGE_MS } from "./metadata-age.ts";
import type { ServerParts } from "./context.ts";
import { refusal, parseFacts } from "./token/token-response.ts";

/**
 * Does nothing at a server that has no such endpoint.
 * @see RFC 7009 section 2
 * @throws RequestTokenError refused
 * @throws NetworkError no answer
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
  // What the body says does not count.
  if (response.status < 200 || response.status > 299)
    throw refusal(form.name, parseFacts(response, form));
}

/** @see OpenID Connect RP-Initiated Logout 1.0 section 2 */
export async function endSessionUrl(
  parts: ServerParts,
  { idToken, postLogoutRedirectUri, state }: EndSessionRequest,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const { endSessionEndpoint } = await abortable(parts.loadMetadata(NAVIGATION_AGE_MS), signal);
  if (!endSessionEndpoint) return undefined;
  const url = new URL(endSessionEndpoint);
  url.searchParams.set("client_id", parts.config.clientId);
  if (idToken) url.searchParams.set("id_token_hint", idToken);
  if (postLogoutRedirectUri) {
    url.searchParams.set("post_logout_redirect_uri", postLogoutRedirectUri);
    if (state) url.searchParams.set("state", state);
  }
  return url.href;
}

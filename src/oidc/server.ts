import { abortable } from "../core/abortable.ts";
import type { AuthorizationServer } from "../core/authorization-server.ts";
import { IdTokenError } from "../core/errors.ts";
import type { IdTokenVerdict } from "../core/refresher.ts";
import type { TokenRecord } from "../core/session.ts";
import type { CredentialsSource } from "./credentials.ts";
import { exchangeResponse } from "./exchange.ts";
import { revokeToken } from "./revoke.ts";
import { createServerParts, type OidcServerConfig } from "./server-parts.ts";

export interface OidcServer extends AuthorizationServer {
  /** Undefined for a client that has no secret. */
  loadCredentials(): Promise<CredentialsSource | undefined>;
  verify(record: TokenRecord): Promise<IdTokenVerdict>;
}

/** Everything that needs the server's metadata; what is large or rare is loaded when it is called for. */
export function createServer(config: OidcServerConfig): OidcServer {
  const parts = createServerParts(config);
  const { loadMetadata, loadVerifier, loadCredentials } = parts;
  const beyondLogin = (signal?: AbortSignal) => abortable(parts.loadBeyondLogin(), signal);
  const { clientId, clock, requests } = config;

  return {
    loadCredentials,

    async authorize(request, signal) {
      const loaded = Promise.all([parts.loadAuthorize(), loadMetadata()]);
      const [{ createAuthorizationUrl }, metadata] = await abortable(loaded, signal);
      const scope = parts.scopeWith(request);
      return await createAuthorizationUrl(
        { ...request, scope, resources: config.resources },
        { metadata, clientId, requests, clock },
      );
    },

    exchange: (response, signal) => exchangeResponse(parts, response, signal),

    requestTokens: async (parameters, options = {}) =>
      (await beyondLogin(options.signal)).requestGrant(parts, parameters, options),
    authorizeDevice: async (want, signal) =>
      (await beyondLogin(signal)).authorizeDevice(parts, want, signal),
    userinfo: async (accessToken, signal) =>
      (await beyondLogin(signal)).fetchUserinfo(parts, accessToken, signal),

    async revoke(token, signal) {
      const { revocationEndpoint } = await abortable(loadMetadata(), signal);
      if (!revocationEndpoint) return;
      const credentials = await abortable(parts.getCredentials(), signal);
      await revokeToken({ revocationEndpoint, token, credentials }, parts.client(signal));
    },

    async endSession({ idToken, postLogoutRedirectUri, state }, signal) {
      const { endSessionEndpoint } = await abortable(loadMetadata(), signal);
      if (!endSessionEndpoint) return undefined;
      const url = new URL(endSessionEndpoint);
      url.searchParams.set("client_id", clientId);
      if (idToken) url.searchParams.set("id_token_hint", idToken);
      if (postLogoutRedirectUri) {
        url.searchParams.set("post_logout_redirect_uri", postLogoutRedirectUri);
        if (state) url.searchParams.set("state", state);
      }
      return url.href;
    },

    async verify(record) {
      const { idToken, user, authTime } = record;
      const asBefore = { type: "valid", user, authTime } as const;
      if (!idToken) return asBefore;
      try {
        const trusted = await loadVerifier();
        if (!trusted) return asBefore;
        const { verify, verifier } = trusted;
        const verified = await verify.verifyRefreshedIdToken(idToken, verifier, record);
        return { type: "valid", user: verified.user, authTime: verified.authTime ?? authTime };
      } catch (error) {
        return {
          type: error instanceof IdTokenError && !error.retryable ? "invalid" : "unknown",
        };
      }
    },
  };
}

import { abortable } from "../core/abortable.ts";
import type { AuthorizationServer } from "../core/authorization-server.ts";
import { chunk } from "../core/lazy.ts";
import type { IdTokenValidation } from "../core/refresher.ts";
import type { TokenRecord } from "../core/session.ts";
import { exchangeResponse } from "./token/exchange.ts";
import { NAVIGATION_AGE_MS } from "./metadata-source.ts";
import { createSender, type Sender } from "./token/send-refresh-token.ts";
import type { OidcServerConfig } from "./context.ts";
import { createServerParts } from "./server-parts.ts";
import { verifyStored } from "./id-token/verify-stored.ts";

const loadMore = () => chunk(import("./more-requests.chunk.ts"));
const loadLogout = () => chunk(import("./logout.ts"));

/** Sends all requests to one authorization server. The two methods here are used when a session is refreshed. */
export interface OidcServer extends AuthorizationServer {
  /** Loads the object that sends refresh tokens. */
  loadSender(): Promise<Sender>;
  /** Validates the ID token of a stored session. If `keys` is `cached` and no keys are cached, the result is `unknown`. */
  verify(record: TokenRecord, keys: "cached" | "fetched"): Promise<IdTokenValidation>;
}

/**
 * Creates the object that sends all requests to one authorization server. Code that is large or rarely used is loaded on first
 * use.
 */
export function createServer(config: OidcServerConfig): OidcServer {
  const parts = createServerParts(config);
  const { loadCredentials } = parts;
  const { clientId, requests, clock } = config;
  const logout = (signal?: AbortSignal) => abortable(loadLogout(), signal);
  const moreLogins = (signal?: AbortSignal) => abortable(loadMore(), signal);

  return {
    loadSender: async () =>
      createSender(
        { ...config, ...parts.client(undefined), metadata: parts.metadata },
        await loadCredentials(),
      ),

    async authorize(request, signal) {
      const loaded = Promise.all([parts.loadAuthorize(), parts.loadMetadata(NAVIGATION_AGE_MS)]);
      const [{ createAuthorizationUrl }, metadata] = await abortable(loaded, signal);
      return await createAuthorizationUrl(
        {
          ...request,
          scope: parts.scopeWith(request),
          targetScope: request.scope,
          resources: [...(config.resources ?? []), ...(request.resources ?? [])],
        },
        { metadata, clientId, requests, clock },
      );
    },

    exchange: (response, signal) => exchangeResponse(parts, response, signal),

    requestTokens: async (parameters, options = {}) =>
      (await moreLogins(options.signal)).requestGrant(parts, parameters, options),
    authorizeDevice: async (target, signal) =>
      (await moreLogins(signal)).authorizeDevice(parts, target, signal),
    userinfo: async (accessToken, signal) =>
      (await moreLogins(signal)).fetchUserinfo(parts, accessToken, signal),

    revoke: async (token, signal) => (await logout(signal)).revokeToken(parts, token, signal),
    endSession: async (request, signal) =>
      (await logout(signal)).endSessionUrl(parts, request, signal),

    verify: (record, keys) => verifyStored(parts, record, keys),
  };
}

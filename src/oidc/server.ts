import { abortable } from "../core/abortable.ts";
import type { AuthorizationServer } from "../core/authorization-server.ts";
import { chunk } from "../core/lazy.ts";
import type { IdTokenVerdict } from "../core/refresher.ts";
import type { TokenRecord } from "../core/session.ts";
import { exchangeResponse } from "./token/exchange.ts";
import { NAVIGATION_AGE_MS } from "./metadata-age.ts";
import { createSender, type Sender } from "./token/send-refresh-token.ts";
import { createServerParts, type OidcServerConfig } from "./server-parts.ts";
import { verifyStored } from "./id-token/verify-stored.ts";

const loadBeyondLogin = () => chunk(import("./more-requests.chunk.ts"));
const loadSignOut = () => chunk(import("./sign-out.ts"));

export interface OidcServer extends AuthorizationServer {
  /** What sends refresh tokens. */
  loadSender(): Promise<Sender>;
  verify(record: TokenRecord, keys: "cached" | "fetched"): Promise<IdTokenVerdict>;
}

/** Everything that needs the server's metadata; what is large or rare is loaded when it is called for. */
export function createServer(config: OidcServerConfig): OidcServer {
  const parts = createServerParts(config);
  const { loadCredentials } = parts;
  const { clientId, requests, clock } = config;
  const signOut = (signal?: AbortSignal) => abortable(loadSignOut(), signal);
  const beyondLogin = (signal?: AbortSignal) => abortable(loadBeyondLogin(), signal);

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
      (await beyondLogin(options.signal)).requestGrant(parts, parameters, options),
    authorizeDevice: async (want, signal) =>
      (await beyondLogin(signal)).authorizeDevice(parts, want, signal),
    userinfo: async (accessToken, signal) =>
      (await beyondLogin(signal)).fetchUserinfo(parts, accessToken, signal),

    revoke: async (token, signal) => (await signOut(signal)).revokeToken(parts, token, signal),
    endSession: async (request, signal) =>
      (await signOut(signal)).endSessionUrl(parts, request, signal),

    verify: (record, keys) => verifyStored(parts, record, keys),
  };
}

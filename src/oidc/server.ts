import { abortable } from "../core/abortable.ts";
import type { IdTokenValidation } from "../core/refresher.ts";
import type { TokenRecord } from "../core/session.ts";
import { exchangeResponse } from "./token/exchange.ts";
import { createSender, type Sender } from "./token/send-refresh-token.ts";
import { verifyStored } from "./id-token/verify-stored.ts";
import type { AuthorizationServer } from "../core/authorization-server.ts";
import { assertPrompt } from "../core/authorization-parameters.ts";
import { chunk } from "../core/lazy.ts";
import type { OidcServerConfig } from "./context.ts";
import { NAVIGATION_AGE_MS } from "./metadata-source.ts";
import { createServerParts } from "./server-parts.ts";

const loadMore = () => chunk(import("./more-requests.chunk.ts"));
const loadLogout = () => chunk(import("./logout.ts"));

/** An `AuthorizationServer` that can also send refresh tokens and validate stored ID tokens. */
export interface OidcServer extends Required<AuthorizationServer> {
  /** Loads the object that sends refresh tokens. */
  loadSender(): Promise<Sender>;
  /**
   * Validates the ID token of a stored session with the server's keys.
   * - With `fetched`, missing or old keys are fetched first.
   * - With `cached`, the result has the type `unknown` if no keys are cached.
   */
  verify(record: TokenRecord, keys: "cached" | "fetched"): Promise<IdTokenValidation>;
}

/** Creates the object that sends all requests to one authorization server. */
export function createServer(config: OidcServerConfig): OidcServer {
  const parts = createServerParts(config, {
    loadAuthorize: () => chunk(import("./authorize/authorize.ts")),
    loadMore,
    loadCredentials: async () =>
      (await chunk(import("./token/secret-credentials.ts"))).createCredentials,
  });
  const { loadCredentials } = parts;
  const { clientId, requests, clock, pageUrl } = config;
  const logout = (signal?: AbortSignal) => abortable(loadLogout(), signal);
  const more = (signal?: AbortSignal) => abortable(loadMore(), signal);

  /** If an earlier login of this browser has not come back, the authorization endpoint might have moved. */
  const loadForLogin = async () => {
    const pending = await requests.getAllKeys().catch(() => []);
    return parts.loadMetadata(pending.length > 0 ? NAVIGATION_AGE_MS : undefined);
  };

  return {
    loadSender: async () =>
      createSender(
        // A refresh is repeated after a failure, and the diagnosis would be one more request.
        {
          ...config,
          ...parts.client(undefined),
          diagnose: undefined,
          metadata: parts.metadata,
          isOpenId: parts.isOpenId,
          tokenParameters: await parts.loadTokenParameters(),
        },
        await loadCredentials(),
      ),

    async authorize(request, signal) {
      const { loginOptions } = config;
      const { parameters, prompt } = request;
      assertPrompt("prompt", prompt);
      if (parameters ?? loginOptions?.parameters)
        (await more(signal)).checkLoginParameters(loginOptions?.parameters, parameters);
      // The code exchange needs these parameters after the login page. They are refused before it.
      await abortable(parts.loadTokenParameters(), signal);
      const loaded = Promise.all([parts.loadAuthorize(), loadForLogin()]);
      const [{ createAuthorizationUrl }, metadata] = await abortable(loaded, signal);
      return await createAuthorizationUrl(
        {
          ...loginOptions,
          ...request,
          parameters: { ...loginOptions?.parameters, ...parameters },
          scope: parts.scopeWith(request),
          targetScope: request.scope,
          resources: [...(config.resources ?? []), ...(request.resources ?? [])],
        },
        { metadata, clientId, requests, clock, pageUrl },
      );
    },

    exchange: (response, signal) => exchangeResponse(parts, response, signal),

    requestTokens: async (parameters, options = {}) =>
      (await more(options.signal)).requestGrant(parts, parameters, options),
    authorizeDevice: async (target, signal) =>
      (await more(signal)).authorizeDevice(parts, target, signal),
    userinfo: async (accessToken, signal) =>
      (await more(signal)).fetchUserinfo(parts, accessToken, signal),

    revoke: async (token, signal, kind) =>
      (await logout(signal)).revokeToken(parts, token, signal, kind),
    endSession: async (request, signal) =>
      (await logout(signal)).endSessionUrl(parts, request, signal),
    missingEndpoints: async (signal) => (await logout(signal)).missingEndpoints(parts, signal),

    verify: (record, keys) => verifyStored(parts, record, keys),
  };
}

import { abortable } from "../core/abortable.ts";
import type { AuthorizationServer } from "../core/authorization-server.ts";
import { IdTokenError } from "../core/errors.ts";
import { chunk } from "../core/lazy.ts";
import type { IdTokenVerdict } from "../core/refresher.ts";
import type { TokenRecord } from "../core/session.ts";
import { exchangeResponse } from "./exchange.ts";
import { createSender, type Sender } from "./refresh.ts";
import { verifyRefreshedIdToken } from "./verify.ts";
import { createServerParts, type OidcServerConfig } from "./server-parts.ts";

const loadBeyondLogin = () => chunk(import("./beyond-login.ts"));
const loadSignOut = () => chunk(import("./sign-out.ts"));

export interface OidcServer extends AuthorizationServer {
  /** What sends refresh tokens. */
  loadSender(): Promise<Sender>;
  verify(record: TokenRecord): Promise<IdTokenVerdict>;
}

/** Everything that needs the server's metadata; what is large or rare is loaded when it is called for. */
export function createServer(config: OidcServerConfig): OidcServer {
  const parts = createServerParts(config);
  const { loadVerifier, loadCredentials } = parts;
  const { clientId, requests, clock } = config;
  const signOut = (signal?: AbortSignal) => abortable(loadSignOut(), signal);
  const beyondLogin = (signal?: AbortSignal) => abortable(loadBeyondLogin(), signal);

  return {
    loadSender: async () =>
      createSender({ ...config, timeoutMs: config.tokenTimeoutMs }, await loadCredentials()),

    async authorize(request, signal) {
      const loaded = Promise.all([parts.loadAuthorize(), parts.loadMetadata()]);
      const [{ createAuthorizationUrl }, metadata] = await abortable(loaded, signal);
      return await createAuthorizationUrl(
        {
          ...request,
          scope: parts.scopeWith(request),
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

    async verify(record) {
      const { idToken, user, authTime } = record;
      const asBefore = { type: "valid", user, authTime } as const;
      if (!idToken) return asBefore;
      try {
        const trusted = await loadVerifier();
        if (!trusted) return asBefore;
        const verified = await verifyRefreshedIdToken(idToken, trusted, record);
        return { type: "valid", user: verified.user, authTime: verified.authTime ?? authTime };
      } catch (error) {
        return {
          type: error instanceof IdTokenError && !error.retryable ? "invalid" : "unknown",
        };
      }
    },
  };
}

import { abortable } from "../core/abortable.ts";
import type { AuthorizationServer, ServerMetadata } from "../core/authorization-server.ts";
import { DiscoveryError, IdTokenError } from "../core/errors.ts";
import { chunk, shared } from "../core/lazy.ts";
import type { Clock } from "../core/ports.ts";
import type { IdTokenVerdict } from "../core/refresher.ts";
import type { RequestStore } from "../core/request-store.ts";
import type { TokenRecord } from "../core/session.ts";
import { tokenSet } from "../core/token-set.ts";
import { discover } from "./discovery.ts";
import type { Fetch } from "./http.ts";

const loadToken = () => chunk(import("./token.ts"));
const loadAuthorize = () => chunk(import("./authorize.ts"));
const loadVerify = () => chunk(import("./verify.ts"));

export interface OidcServerConfig {
  readonly issuer: string;
  readonly clientId: string;
  /** Asked for at every login. */
  readonly scope: readonly string[];
  /** Named at every login. */
  readonly resources?: readonly string[] | undefined;
  readonly requests: RequestStore;
  readonly clock: Clock;
  readonly fetch: Fetch;
  readonly tokenTimeoutMs: number;
  readonly discoveryTimeoutMs: number;
}

export interface OidcServer extends AuthorizationServer {
  verify(record: TokenRecord): Promise<IdTokenVerdict>;
}

/** Everything that needs the server's metadata; what is large is loaded when it is called for. */
export function createServer(config: OidcServerConfig): OidcServer {
  const { issuer, clientId, clock, requests, fetch } = config;
  const http = { fetch, timeoutMs: config.discoveryTimeoutMs };
  const tokenClient = { clientId, clock, fetch, timeoutMs: config.tokenTimeoutMs };
  const loadMetadata = shared(() => discover(issuer, http));
  const loadVerifier = shared(async () => {
    const [verify, metadata] = await Promise.all([loadVerify(), loadMetadata()]);
    const keys = verify.createKeySet(jwksUriOf(metadata), { ...http, clock });
    return {
      verify,
      verifier: { issuer, clientId, keys, algorithms: metadata.idTokenSigningAlgValuesSupported },
    };
  });

  return {
    async authorize(request, signal) {
      const loaded = Promise.all([loadAuthorize(), loadMetadata()]);
      const [{ createAuthorizationUrl }, metadata] = await abortable(loaded, signal);
      const scope = [...new Set(["openid", ...config.scope, ...(request.scope ?? [])])];
      return await createAuthorizationUrl(
        { ...request, scope, resources: config.resources },
        { metadata, clientId, requests, clock },
      );
    },

    async exchange(response, signal) {
      // Chunks and metadata first: when they cannot be had, the pending request stays pending.
      const loaded = Promise.all([loadAuthorize(), loadToken(), loadMetadata(), loadVerifier()]);
      const [{ readAuthorizationResponse }, { exchangeCode }, metadata, { verify, verifier }] =
        await abortable(loaded, signal);
      const here = { metadata, clientId, requests, clock };
      const request = await readAuthorizationResponse(response, here);
      const { tokenEndpoint } = metadata;
      const tokens = await exchangeCode({ ...request, tokenEndpoint }, { ...tokenClient, signal });
      const { accessToken, tokenType, expiresAt, refreshToken, idToken } = tokens;
      if (!idToken) {
        throw new IdTokenError("id_token", "missing", {
          hint: "The server must know the scope openid for this client.",
        });
      }
      const expected = {
        ...request,
        accessToken,
        requestedAt: request.createdAt,
        now: clock.now(),
      };
      const verified = verify.verifyIdToken(idToken, verifier, expected);
      const { user, authTime } = await abortable(verified, signal);
      const { returnTo } = request;
      return tokenSet({
        accessToken,
        tokenType,
        expiresAt,
        scope: tokens.scope ?? request.scope,
        idToken,
        user,
        tokenEndpoint,
        ...(refreshToken && { refreshToken }),
        ...(authTime !== undefined && { authTime }),
        ...(returnTo !== undefined && { returnTo }),
      });
    },

    requestTokens: () => Promise.reject(new Error("to come")),
    authorizeDevice: () => Promise.reject(new Error("to come")),
    userinfo: () => Promise.reject(new Error("to come")),

    async revoke(token, signal) {
      const [{ revokeToken }, { revocationEndpoint }] = await abortable(
        Promise.all([loadToken(), loadMetadata()]),
        signal,
      );
      if (revocationEndpoint)
        await revokeToken({ revocationEndpoint, token }, { ...tokenClient, signal });
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
      if (!idToken) return { type: "valid", user, authTime };
      try {
        const { verify, verifier } = await loadVerifier();
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

function jwksUriOf({ jwksUri }: ServerMetadata): string {
  if (jwksUri) return jwksUri;
  throw new DiscoveryError("jwks_uri is missing", {
    hint: "ID tokens cannot be verified without the server's keys.",
  });
}

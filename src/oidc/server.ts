import { abortable } from "../core/abortable.ts";
import type { IdTokenValidation } from "../core/refresher.ts";
import type { TokenRecord } from "../core/session.ts";
import { exchangeResponse } from "./token/exchange.ts";
import { createSender, type Sender } from "./token/send-refresh-token.ts";
import { verifyStored } from "./id-token/verify-stored.ts";
import type { AuthorizationServer, ServerMetadata } from "../core/authorization-server.ts";
import { isOpenIdProvider, replacesMetadata } from "../core/endpoints.ts";
import { assertPrompt } from "../core/authorization-parameters.ts";
import { DiscoveryError } from "../core/protocol-errors.ts";
import { chunk, shared } from "../core/lazy.ts";
import type * as Authorize from "./authorize/authorize.ts";
import type { OidcServerConfig, ServerParts } from "./context.ts";
import { createKeySet, type Verifier } from "./id-token/verify.ts";
import { optionalEndpoint } from "./discovery.ts";
import { NAVIGATION_AGE_MS, configuredMetadata, createMetadataSource } from "./metadata-source.ts";
import { requestTokens } from "./token/token-response.ts";
import { fetchKeys, type KeySet, createStoredKeys } from "./id-token/key-set.ts";
import { publicCredentials, type HttpOptions } from "./token/form-request.ts";

const loadMore = () => chunk(import("./more-requests.chunk.ts"));
const loadSecrets = () => chunk(import("./token/secret-credentials.ts"));
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
  const parts = createServerParts(config);
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

/**
 * The scopes that every login at an OpenID provider requests by default. `profile` and `email` request claims about the user,
 * and `offline_access` requests a refresh token.
 * @see https://openid.net/specs/openid-connect-core-1_0.html#ScopeClaims
 */
export const SCOPE: readonly string[] = ["profile", "email", "offline_access"];

const loadAuthorize = (): Promise<typeof Authorize> => chunk(import("./authorize/authorize.ts"));

function createServerParts(config: OidcServerConfig): ServerParts {
  const { issuer, clientId, clock, endpoints, documents, fetch, authentication } = config;
  const { diagnose } = config;
  const http: HttpOptions = { fetch, timeoutMs: config.discoveryTimeoutMs, diagnose };
  const metadata = replacesMetadata(endpoints, authentication)
    ? configuredMetadata(async () => (await loadMore()).metadataOf(issuer, endpoints))
    : createMetadataSource({
        issuer,
        clock,
        documents,
        http,
        loadConfigured: async () => endpoints && (await loadMore()).documentMembers(endpoints),
      });
  const onUnavailable = (url: string) => metadata.reportFailure(url);
  const isOpenId = isOpenIdProvider(endpoints, authentication);
  const defaultScope = config.scope ?? (isOpenId ? SCOPE : []);
  let keySet: { readonly jwksUri: string; readonly keys: KeySet } | undefined;
  const keysAt = (jwksUri: string): KeySet => {
    if (keySet?.jwksUri !== jwksUri) {
      const stored = documents && createStoredKeys(documents, issuer, jwksUri);
      const fetch = () => fetchKeys(jwksUri, { ...http, onUnavailable });
      keySet = { jwksUri, keys: createKeySet(fetch, clock, stored) };
    }
    return keySet.keys;
  };
  const verifierFor = (current: ServerMetadata): Verifier => ({
    issuer,
    clientId,
    keys: keysAt(jwksUriOf(current)),
    algorithms: current.idTokenSigningAlgValuesSupported,
    authTimeOnRefresh: config.authTimeOnRefresh,
  });
  const loadCredentials = shared(async () =>
    authentication ? (await loadSecrets()).createCredentials(config) : undefined,
  );
  const client = (signal: AbortSignal | undefined) => ({
    clock,
    fetch,
    timeoutMs: config.tokenTimeoutMs,
    signal,
    onUnavailable,
    diagnose,
  });
  return {
    config,
    isOpenId,
    loadAuthorize,
    loadCredentials,
    loadTokenParameters: async () =>
      config.tokenParameters && (await loadMore()).checkTokenParameters(config.tokenParameters),
    getCredentials: async () =>
      (await (await loadCredentials())?.get()) ?? publicCredentials(clientId),
    client,
    requestTokens: (form, signal) => requestTokens(form, client(signal)),
    scopeWith: ({ scope = [] }) => [
      ...new Set([...(isOpenId ? ["openid"] : []), ...defaultScope, ...scope]),
    ],
    metadata,
    loadMetadata: (maxAgeMs) => metadata.load(maxAgeMs),
    loadEndpoint: async (name, maxAgeMs) => optionalEndpoint(await metadata.load(maxAgeMs), name),
    loadVerifier: async () => {
      if (!isOpenId) return undefined;
      const trusted = verifierFor(await metadata.load());
      await trusted.keys.get();
      return trusted;
    },
    verifierAtHand: async () => {
      await metadata.sync();
      const current = isOpenId ? metadata.current() : undefined;
      return current?.jwksUri === undefined ? undefined : verifierFor(current);
    },
  };
}

function jwksUriOf(metadata: ServerMetadata): string {
  const jwksUri = optionalEndpoint(metadata, "jwksUri");
  if (jwksUri) return jwksUri;
  throw new DiscoveryError("the metadata has no jwks_uri", {
    hint: "Latchkey cannot verify ID tokens without the server's keys. The server must publish their URL as jwks_uri. For a server without OpenID Connect, set `authorizationEndpoint` and `tokenEndpoint` in `endpoints`, omit `jwksUri`, and set a `userFetcher`.",
  });
}

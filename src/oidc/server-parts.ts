import { shared } from "../core/lazy.ts";
import type { ServerMetadata } from "../core/authorization-server.ts";
import { isOpenIdProvider, replacesMetadata } from "../core/endpoints.ts";
import { DiscoveryError } from "../core/protocol-errors.ts";
import type { documentMembers, metadataOf } from "./configured-metadata.ts";
import type { OidcServerConfig, ServerParts } from "./context.ts";
import { optionalEndpoint } from "./discovery.ts";
import { fetchKeys, type KeySet, createStoredKeys } from "./id-token/key-set.ts";
import { createKeySet, type Verifier } from "./id-token/verify.ts";
import { configuredMetadata, createMetadataSource } from "./metadata-source.ts";
import type { checkTokenParameters } from "../core/own-parameters.ts";
import { publicCredentials, type HttpOptions } from "./token/form-request.ts";
import type { createCredentials } from "./token/secret-credentials.ts";
import { requestTokens } from "./token/token-response.ts";

/**
 * The scopes that every login at an OpenID provider requests by default. `profile` and `email` request claims about the user,
 * and `offline_access` requests a refresh token.
 * @see https://openid.net/specs/openid-connect-core-1_0.html#ScopeClaims
 */
export const SCOPE: readonly string[] = ["profile", "email", "offline_access"];

/** Loads the modules that most requests do not need. A page loads them by `import()`. */
export interface ServerModules {
  readonly loadAuthorize: ServerParts["loadAuthorize"];
  readonly loadMore: () => Promise<{
    readonly metadataOf: typeof metadataOf;
    readonly documentMembers: typeof documentMembers;
    readonly checkTokenParameters: typeof checkTokenParameters;
  }>;
  readonly loadCredentials: () => Promise<typeof createCredentials>;
}

/** Creates the functions that all requests to one authorization server use. */
export function createServerParts(config: OidcServerConfig, modules: ServerModules): ServerParts {
  const { issuer, clientId, clock, endpoints, documents, fetch, authentication } = config;
  const { diagnose } = config;
  const http: HttpOptions = { fetch, timeoutMs: config.discoveryTimeoutMs, diagnose };
  const metadata = replacesMetadata(endpoints, authentication)
    ? configuredMetadata(async () => (await modules.loadMore()).metadataOf(issuer, endpoints))
    : createMetadataSource({
        issuer,
        clock,
        documents,
        http,
        loadConfigured: async () =>
          endpoints && (await modules.loadMore()).documentMembers(endpoints),
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
    authentication ? (await modules.loadCredentials())(config) : undefined,
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
    loadAuthorize: modules.loadAuthorize,
    loadCredentials,
    loadTokenParameters: async () =>
      config.tokenParameters &&
      (await modules.loadMore()).checkTokenParameters(config.tokenParameters),
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

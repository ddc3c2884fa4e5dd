import type { Endpoints, ServerMetadata } from "../core/authorization-server.ts";
import type { DocumentCache } from "../core/document-cache.ts";
import { DiscoveryError } from "../core/errors.ts";
import { chunk, shared } from "../core/lazy.ts";
import type { RefreshedTokens } from "../core/refresher.ts";
import type { RequestStore } from "../core/request-store.ts";
import type { TokenTarget } from "../core/token-target.ts";
import type * as Authorize from "./authorize/authorize.ts";
import {
  publicCredentials,
  type ClientIdentity,
  type Credentials,
  type CredentialsSource,
} from "./token/credentials.ts";
import type { TokenClient } from "./token/form-request.ts";
import type { Fetch, HttpOptions } from "./token/http.ts";
import {
  configuredMetadata,
  createMetadataSource,
  type MetadataSource,
} from "./metadata-source.ts";
import { createStoredKeys } from "./id-token/stored-keys.ts";
import { requestTokens, type TokenRequestForm } from "./token/token-request.ts";
import { createKeySet, type Verifier } from "./id-token/verify.ts";
import { fetchKeys, type KeySet } from "./id-token/key-set.ts";

/** Who the person is, and refresh tokens. @see OpenID Connect Core 1.0 section 5.4 */
const SCOPE = ["profile", "email", "offline_access"];

const loadAuthorize = (): Promise<typeof Authorize> => chunk(import("./authorize/authorize.ts"));
const loadMore = () => chunk(import("./more-requests.chunk.ts"));

export interface OidcServerConfig extends ClientIdentity {
  /** Asked for at every login. */
  readonly scope?: readonly string[] | undefined;
  /** Named at every login. */
  readonly resources?: readonly string[] | undefined;
  /** Instead of discovery. */
  readonly endpoints?: Endpoints | undefined;
  readonly requests: RequestStore;
  /** The server's documents that outlive this object. */
  readonly documents?: DocumentCache | undefined;
  readonly fetch: Fetch;
  readonly tokenTimeoutMs: number;
  readonly discoveryTimeoutMs: number;
  /** `ignore`: the server changes `auth_time` at a refresh. `compare` when not given. */
  readonly authTimeOnRefresh?: "compare" | "ignore" | undefined;
}

/** What the calls of one server share. */
export interface ServerParts {
  readonly config: OidcServerConfig;
  readonly loadAuthorize: () => Promise<typeof Authorize>;
  /** Undefined for a client that has no secret. */
  readonly loadCredentials: () => Promise<CredentialsSource | undefined>;
  /** For one request. */
  readonly getCredentials: () => Promise<Credentials>;
  /** For requests that somebody waits for. */
  readonly client: (signal: AbortSignal | undefined) => TokenClient;
  readonly requestTokens: (
    form: TokenRequestForm,
    signal: AbortSignal | undefined,
  ) => Promise<RefreshedTokens>;
  /** What is always asked for, with what is asked for on top, each once. */
  readonly scopeWith: (target: TokenTarget) => string[];
  readonly metadata: MetadataSource;
  readonly loadMetadata: MetadataSource["load"];
  /** With its keys at hand. Undefined for a server that is no OpenID provider: nobody could verify its ID tokens, so there are none. */
  readonly loadVerifier: () => Promise<Verifier | undefined>;
  /** The same without network: undefined when metadata or keys would have to be fetched. */
  readonly verifierAtHand: () => Promise<Verifier | undefined>;
}

export function createServerParts(config: OidcServerConfig): ServerParts {
  const { issuer, clientId, clock, endpoints, documents, fetch, authentication } = config;
  const http: HttpOptions = { fetch, timeoutMs: config.discoveryTimeoutMs };
  const metadata = endpoints
    ? configuredMetadata(async () => (await loadMore()).metadataOf(issuer, endpoints))
    : createMetadataSource({ issuer, clock, documents, http });
  const onUnavailable = (url: string) => metadata.reportFailure(url);
  const isOpenId = !endpoints || endpoints.jwksUri !== undefined;
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
    authentication ? (await loadMore()).createCredentials(config) : undefined,
  );
  const client = (signal: AbortSignal | undefined) => ({
    clock,
    fetch,
    timeoutMs: config.tokenTimeoutMs,
    signal,
    onUnavailable,
  });
  return {
    config,
    loadAuthorize,
    loadCredentials,
    getCredentials: async () =>
      (await (await loadCredentials())?.get()) ?? publicCredentials(clientId),
    client,
    requestTokens: (form, signal) => requestTokens(form, client(signal)),
    scopeWith: ({ scope = [] }) => [
      ...new Set([...(isOpenId ? ["openid"] : []), ...defaultScope, ...scope]),
    ],
    metadata,
    loadMetadata: (maxAgeMs) => metadata.load(maxAgeMs),
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

function jwksUriOf({ jwksUri }: ServerMetadata): string {
  if (jwksUri) return jwksUri;
  throw new DiscoveryError("jwks_uri is missing", {
    hint: "ID tokens cannot be verified without the server's keys.",
  });
}

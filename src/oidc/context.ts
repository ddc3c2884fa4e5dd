import type { LoginDefaults, OwnParameters } from "../core/authorization-parameters.ts";
import type { Endpoints } from "../core/endpoints.ts";
import type { OptionalEndpoint } from "../core/authorization-server.ts";
import type { DocumentCache } from "../core/document-cache.ts";
import type { RefreshedTokens } from "../core/refresher.ts";
import type { RequestStore } from "../core/request-store.ts";
import type { TokenTarget } from "../core/token-target.ts";
import type * as Authorize from "./authorize/authorize.ts";
import type { Verifier } from "./id-token/verify.ts";
import type { MetadataSource } from "./metadata-source.ts";
import type { TokenRequestForm } from "./token/token-response.ts";
import type {
  Diagnose,
  Fetch,
  ClientIdentity,
  Credentials,
  CredentialsSource,
  TokenClient,
} from "./token/form-request.ts";

/** Configuration of `createServer()`. */
export interface OidcServerConfig extends ClientIdentity {
  /**
   * The scopes of every login. At an OpenID provider, Latchkey always adds `openid`. Default: `profile email offline_access` at
   * an OpenID provider, and no scope at any other server.
   */
  readonly scope?: readonly string[] | undefined;
  /** Resource indicators that every login requests. @see https://www.rfc-editor.org/rfc/rfc8707#section-2 */
  readonly resources?: readonly string[] | undefined;
  /**
   * Endpoints that replace those of the server's metadata, one by one. The metadata is not loaded if `tokenEndpoint` and
   * `authorizationEndpoint` are both given. For a client with `authentication`, `tokenEndpoint` is enough.
   */
  readonly endpoints?: Endpoints | undefined;
  /** Parameters of every login that the login itself does not set. */
  readonly loginOptions?: LoginDefaults | undefined;
  /** Additional parameters of every token request, for which Latchkey has no option. */
  readonly tokenParameters?: OwnParameters | undefined;
  /** Stores the pending authorization requests. */
  readonly requests: RequestStore;
  /** Returns the URL of the app's page. `returnTo` must have the same origin as this URL. Default: the redirect URI. */
  readonly pageUrl?: (() => string) | undefined;
  /**
   * Stores the server's metadata and keys for all tabs and later page loads. If `documents` is undefined, the metadata and the
   * keys are only in the memory of this page.
   */
  readonly documents?: DocumentCache | undefined;
  readonly fetch: Fetch;
  /** Shows a message for developers. Default: nothing is shown. */
  readonly warn?: ((message: string) => void) | undefined;
  /** Finds out why a request got no response. Refreshes do without it. Default: no diagnosis. */
  readonly diagnose?: Diagnose | undefined;
  /** The timeout of every request, except requests for metadata and keys. Milliseconds. */
  readonly tokenTimeoutMs: number;
  /** The timeout of requests for metadata and keys. Milliseconds. */
  readonly discoveryTimeoutMs: number;
  /**
   * The rule for the `auth_time` of the ID token that a refresh returns. Default: `compare`.
   * - `compare`: if the `auth_time` differs from the session's `auth_time`, Latchkey refuses the ID token.
   * - `ignore`: Latchkey does not check `auth_time`. Use `ignore` if the server changes `auth_time` at a refresh.
   */
  readonly authTimeOnRefresh?: "compare" | "ignore" | undefined;
}

/** The configuration of one server, and the functions that all requests to this server use. */
export interface ServerParts {
  readonly config: OidcServerConfig;
  /** Whether the server's ID tokens can be verified. */
  readonly isOpenId: boolean;
  /** Loads the module that creates authorization requests and validates authorization responses. */
  readonly loadAuthorize: () => Promise<typeof Authorize>;
  /** Loads the `CredentialsSource` of a client with a secret or a key. Resolves with undefined for a public client. */
  readonly loadCredentials: () => Promise<CredentialsSource | undefined>;
  /**
   * Returns the parameters that the app adds to every token request.
   * @throws ConfigurationError a parameter belongs to the protocol
   */
  readonly loadTokenParameters: () => Promise<OwnParameters | undefined>;
  /** Returns the client's credentials for one request. */
  readonly getCredentials: () => Promise<Credentials>;
  /** Returns the clock and the HTTP options for one request. If `signal` is aborted, the request rejects. */
  readonly client: (signal: AbortSignal | undefined) => TokenClient;
  /** Sends one token request. Resolves with the tokens. */
  readonly requestTokens: (
    form: TokenRequestForm,
    signal: AbortSignal | undefined,
  ) => Promise<RefreshedTokens>;
  /** Returns the scopes that every login requests and the scopes of `target`, without duplicates. */
  readonly scopeWith: (target: TokenTarget) => string[];
  readonly metadata: MetadataSource;
  readonly loadMetadata: MetadataSource["load"];
  /**
   * Resolves with the URL of an optional endpoint, or with undefined if the server has no such endpoint. Rejects with a
   * `DiscoveryError` if the URL in the metadata is not valid. `maxAgeMs`: as for `loadMetadata()`.
   */
  readonly loadEndpoint: (name: OptionalEndpoint, maxAgeMs?: number) => Promise<string | undefined>;
  /**
   * Loads the server's keys. Resolves with the `Verifier` that has these keys. If the server is not an OpenID provider,
   * resolves with undefined.
   */
  readonly loadVerifier: () => Promise<Verifier | undefined>;
  /**
   * Resolves with a `Verifier` without any request to the server. The keys of the `Verifier` might not be loaded yet. If the
   * server is not an OpenID provider, or if the metadata must be fetched first, resolves with undefined.
   */
  readonly verifierAtHand: () => Promise<Verifier | undefined>;
}

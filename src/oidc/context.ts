import type { Endpoints } from "../core/authorization-server.ts";
import type { DocumentCache } from "../core/document-cache.ts";
import type { RefreshedTokens } from "../core/refresher.ts";
import type { RequestStore } from "../core/request-store.ts";
import type { TokenTarget } from "../core/token-target.ts";
import type * as Authorize from "./authorize/authorize.ts";
import type { Verifier } from "./id-token/verify.ts";
import type { MetadataSource } from "./metadata-source.ts";
import type { Fetch } from "./token/http.ts";
import type { TokenRequestForm } from "./token/token-request.ts";
import type {
  ClientIdentity,
  Credentials,
  CredentialsSource,
  TokenClient,
} from "./token/form-request.ts";

/** Configuration of `createServer()`. */
export interface OidcServerConfig extends ClientIdentity {
  /**
   * Scopes that every login requests. Every login at an OpenID provider also requests `openid`. Default at an OpenID provider:
   * `profile email offline_access`. Default at any other server: none.
   */
  readonly scope?: readonly string[] | undefined;
  /** Resource indicators that every login requests. @see https://www.rfc-editor.org/rfc/rfc8707#section-2 */
  readonly resources?: readonly string[] | undefined;
  /** The server's endpoints. If `endpoints` is set, Latchkey does not fetch the server's metadata. */
  readonly endpoints?: Endpoints | undefined;
  /** Stores the pending authorization requests. */
  readonly requests: RequestStore;
  /**
   * Stores the server's metadata and keys, so that all tabs and later page loads can use them. If `documents` is undefined,
   * each page has its own metadata and keys in memory.
   */
  readonly documents?: DocumentCache | undefined;
  readonly fetch: Fetch;
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

/** The configuration and the functions that all calls to one server share. */
export interface ServerParts {
  readonly config: OidcServerConfig;
  /** Loads the code that makes authorization requests and validates their responses. */
  readonly loadAuthorize: () => Promise<typeof Authorize>;
  /**
   * Loads the source of the client's credentials. Resolves with undefined for a public client, which has no secret and no key.
   */
  readonly loadCredentials: () => Promise<CredentialsSource | undefined>;
  /** Returns the client's credentials for one request. */
  readonly getCredentials: () => Promise<Credentials>;
  /** Returns the clock and the HTTP options for one request. If `signal` is aborted, the request rejects. */
  readonly client: (signal: AbortSignal | undefined) => TokenClient;
  /** Sends one token request. */
  readonly requestTokens: (
    form: TokenRequestForm,
    signal: AbortSignal | undefined,
  ) => Promise<RefreshedTokens>;
  /** Returns the scopes that every login requests and the scopes of `target`, without duplicates. */
  readonly scopeWith: (target: TokenTarget) => string[];
  readonly metadata: MetadataSource;
  readonly loadMetadata: MetadataSource["load"];
  /**
   * Loads the server's keys. Resolves with a `Verifier`, which has the issuer, the client and these keys. If the server is no
   * OpenID provider, resolves with undefined.
   */
  readonly loadVerifier: () => Promise<Verifier | undefined>;
  /**
   * Resolves with a `Verifier`. Makes no request to the server, so the keys of this `Verifier` are not loaded yet. If the
   * server is no OpenID provider, or if the server's metadata must be fetched first, resolves with undefined.
   */
  readonly verifierAtHand: () => Promise<Verifier | undefined>;
}

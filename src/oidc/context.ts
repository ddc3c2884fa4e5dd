import type { Endpoints } from "../core/authorization-server.ts";
import type { DocumentCache } from "../core/document-cache.ts";
import type { RefreshedTokens } from "../core/refresher.ts";
import type { RequestStore } from "../core/request-store.ts";
import type { TokenTarget } from "../core/token-target.ts";
import type * as Authorize from "./authorize/authorize.ts";
import type { Verifier } from "./id-token/verify.ts";
import type { MetadataSource } from "./metadata-source.ts";
import type { ClientIdentity, Credentials, CredentialsSource } from "./token/credentials.ts";
import type { TokenClient } from "./token/form-request.ts";
import type { Fetch } from "./token/http.ts";
import type { TokenRequestForm } from "./token/token-request.ts";

/** Configuration of `createServer()`. */
export interface OidcServerConfig extends ClientIdentity {
  /** Scopes that every login requests. Default at an OpenID provider: `profile email offline_access`. */
  readonly scope?: readonly string[] | undefined;
  /** Resource indicators that every login requests. @see https://www.rfc-editor.org/rfc/rfc8707#section-2 */
  readonly resources?: readonly string[] | undefined;
  /** Replaces discovery: the server's metadata is not fetched. */
  readonly endpoints?: Endpoints | undefined;
  /** Holds the pending authorization requests. */
  readonly requests: RequestStore;
  /** Metadata and keys of the server, shared by all tabs and page loads. Default: in memory only. */
  readonly documents?: DocumentCache | undefined;
  readonly fetch: Fetch;
  /** For every request except metadata and keys. Milliseconds. */
  readonly tokenTimeoutMs: number;
  /** For metadata and keys. Milliseconds. */
  readonly discoveryTimeoutMs: number;
  /** `ignore` accepts a changed `auth_time`, for servers that change it at a refresh. Default: `compare`. */
  readonly authTimeOnRefresh?: "compare" | "ignore" | undefined;
}

/** The parts that all calls of one server share. */
export interface ServerParts {
  readonly config: OidcServerConfig;
  /** Loads the chunk that makes authorization requests and validates their responses. */
  readonly loadAuthorize: () => Promise<typeof Authorize>;
  /** Loads the source of credentials. Undefined for a public client. */
  readonly loadCredentials: () => Promise<CredentialsSource | undefined>;
  /** Returns the credentials of one request. */
  readonly getCredentials: () => Promise<Credentials>;
  /** Returns the options of one request; the request rejects when `signal` is aborted. */
  readonly client: (signal: AbortSignal | undefined) => TokenClient;
  /** Sends one token request. */
  readonly requestTokens: (
    form: TokenRequestForm,
    signal: AbortSignal | undefined,
  ) => Promise<RefreshedTokens>;
  /** Returns the scopes of every login and those of `target`, without duplicates. */
  readonly scopeWith: (target: TokenTarget) => string[];
  readonly metadata: MetadataSource;
  readonly loadMetadata: MetadataSource["load"];
  /** Loads the verifier and its keys. Undefined for a server that is no OpenID provider: it has no keys for ID tokens. */
  readonly loadVerifier: () => Promise<Verifier | undefined>;
  /** Returns the verifier without network. Undefined also when the metadata would have to be fetched. */
  readonly verifierAtHand: () => Promise<Verifier | undefined>;
}

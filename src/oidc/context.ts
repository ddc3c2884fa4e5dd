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

import { systemClock } from "../browser/page/system-clock.ts";
import { checkRegistration } from "../core/auth-config.ts";
import type { AuthorizationServer, Endpoints } from "../core/authorization-server.ts";
import type { ClientAuthentication } from "../core/client-authentication.ts";
import { ConfigurationError } from "../core/errors.ts";
import type { Grant } from "../core/grant.ts";
import { clientKey } from "../core/keys.ts";
import type { TabLock } from "../core/ports.ts";
import type { TokenStorage } from "../core/token-storage.ts";
import type { TokenTarget } from "../core/token-target.ts";
import { createLazyServer } from "./lazy-server.ts";
import { ClientCredentialsGrant } from "../grants/client-credentials-grant.ts";
import { RefreshTokenGrant } from "../grants/refresh-token-grant.ts";
import { createFetch, type CreateFetchConfig } from "../fetch/create-fetch.ts";
import { TokenManager } from "../service/token-manager.ts";
import { MemoryRequestStore } from "../memory/memory-request-store.ts";
import { MemoryTabLock } from "../memory/memory-tab-lock.ts";
import { MemoryTokenStorage } from "../memory/memory-token-storage.ts";

/** Everything `createClient()` can be told. `scope`, `resource` and `audience`: what a token is for when a call does not say. */
export interface CreateClientConfig
  extends TokenTarget, Partial<Pick<CreateFetchConfig, "allow" | "exclude">> {
  /** The authorization server's issuer identifier, exactly as its metadata says it. */
  readonly issuer: string;
  readonly clientId: string;
  /** How this client proves who it is. */
  readonly authentication: ClientAuthentication;
  /** Of a server that publishes no metadata. */
  readonly endpoints?: Endpoints;
  /** Where tokens come from; `ClientCredentialsGrant` when not given. Refresh tokens are seen to. */
  readonly grant?: (server: AuthorizationServer) => Grant;
  /** This client's memory when not given. */
  readonly storage?: TokenStorage;
  /** Whose tokens: a name. Clients of one registration that share a storage differ in it when their grants or accounts do. */
  readonly service?: string;
  /** Of the tokens' keys in the storage; `auth_token` when not given. */
  readonly keyPrefix?: string;
  /** This client's own when not given. Clients that share a storage, in one process too, must be given the same ones. */
  readonly locks?: TabLock;
  /** For requests to the authorization server. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/** A client that acts by itself. */
export interface Client {
  /** A token that is good now, got once however many ask. Rejects as `TokenManager.getToken()` does. */
  readonly getToken: TokenManager["getToken"];
  readonly forceRefresh: TokenManager["forceRefresh"];
  readonly invalidateToken: TokenManager["invalidateToken"];
  /** `fetch`, with the token for whom `allow` names. */
  readonly fetch: (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;
}

/**
 * Composes a client for servers, workers and other trusted runtimes. Nothing is read or sent before the first call.
 * @throws ConfigurationError an input is missing or malformed
 */
export function createClient(config: CreateClientConfig): Client {
  checkRegistration(config);
  checkAuthentication(config);
  checkService(config);
  const { issuer, clientId, authentication, endpoints, service, keyPrefix } = config;
  const { scope = [], resource, audience, allow, exclude } = config;
  const { server } = createLazyServer({
    issuer,
    clientId,
    scope,
    authentication,
    ...(endpoints && { endpoints }),
    ...(config.fetch && { fetch: config.fetch }),
    requests: new MemoryRequestStore(),
    clock: systemClock,
  });
  const grant = config.grant?.(server) ?? new ClientCredentialsGrant(server);
  const client = clientKey(issuer, clientId);
  const manager = new TokenManager({
    provider: new RefreshTokenGrant(grant, server),
    storage: config.storage ?? new MemoryTokenStorage(),
    locks: config.locks ?? new MemoryTabLock(),
    clock: systemClock,
    service: service === undefined ? client : `${client},${encodeURIComponent(service)}`,
    ...(keyPrefix !== undefined && { keyPrefix }),
  });
  // Before tokens are looked up: clients that are for different things may share a storage.
  const target: TokenTarget = {
    ...(scope.length > 0 && { scope }),
    ...(resource !== undefined && { resource }),
    ...(audience !== undefined && { audience }),
  };
  const getToken: Client["getToken"] = (options) => manager.getToken({ ...target, ...options });
  const send = allow && createFetch({ getToken, allow, ...(exclude && { exclude }) });
  return {
    getToken,
    forceRefresh: (options) => manager.forceRefresh({ ...target, ...options }),
    invalidateToken: (options) => manager.invalidateToken({ ...target, ...options }),
    fetch: async (input, init) => {
      if (send) return send(input, init);
      throw new ConfigurationError(
        "allow",
        "it is missing",
        'Name who may get the token, for example ["https://api.example.com"].',
      );
    },
  };
}

/** Here, because the server is asked for its metadata before anything is signed. */
function checkAuthentication({ authentication, grant }: CreateClientConfig): void {
  const problem = problemWith(authentication);
  const isNobody = !problem && authentication.method === "none" && !grant;
  if (!problem && !isNobody) return;
  throw new ConfigurationError(
    "authentication",
    problem ?? "a public client has no credentials",
    'Give { method: "client_secret_basic", clientSecret }, or the method that the server knows for this client.',
  );
}

/** What a grant of one's own gives is not told by issuer and client. */
function checkService({ grant, storage, service }: CreateClientConfig): void {
  if (!grant || !storage || service) return;
  throw new ConfigurationError(
    "service",
    "it is missing",
    "Name whose tokens these are, such as the account: others with this client may use the same storage.",
  );
}

function problemWith(authentication: ClientAuthentication | undefined): string | undefined {
  switch (authentication?.method) {
    case "client_secret_basic":
    case "client_secret_post":
      return authentication.clientSecret ? undefined : "the secret is missing";
    case "private_key_jwt":
      return authentication.key ? undefined : "the key is missing";
    case "none":
      return undefined;
    case undefined:
      return "it is missing";
    default:
      return "its method is none of ClientAuthentication";
  }
}

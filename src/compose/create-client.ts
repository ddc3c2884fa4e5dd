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

/** The configuration of `createClient()`. `scope`, `resource` and `audience` are the defaults of each call. */
export interface CreateClientConfig
  extends TokenTarget, Partial<Pick<CreateFetchConfig, "allow" | "exclude">> {
  /** The issuer identifier of the authorization server, exactly as the server's metadata has it. */
  readonly issuer: string;
  /** The client id at the authorization server. */
  readonly clientId: string;
  /** How this client authenticates at the token endpoint. */
  readonly authentication: ClientAuthentication;
  /** The endpoints of a server that publishes no metadata. */
  readonly endpoints?: Endpoints;
  /** Creates the source of tokens, which is wrapped in a `RefreshTokenGrant`. Default: a `ClientCredentialsGrant`. */
  readonly grant?: (server: AuthorizationServer) => Grant;
  /** Stores the tokens. Default: the memory of this client. */
  readonly storage?: TokenStorage;
  /** Names the owner of the tokens. Clients with one client id and one `storage` need different names for different owners. */
  readonly service?: string;
  /** Start of the storage keys. Default: `auth_token`. */
  readonly keyPrefix?: string;
  /** Clients that share a `storage`, even in one process, must share their locks. Default: locks of this client alone. */
  readonly locks?: TabLock;
  /** Sends the requests to the authorization server. Default: the global `fetch`. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/** A client that needs no user, from `createClient()`. */
export interface Client {
  /**
   * Returns an access token that is valid now. Concurrent calls share one request. Rejects as `TokenManager.getToken()` does.
   * @throws RequestTokenError the server refused the request, or its response is malformed
   * @throws NetworkError no response came
   * @example
   * const headersFor = async (client: Client) => {
   *   const token = await client.getToken({ scope: ["invoices:read"] });
   *   return { authorization: `Bearer ${token}` };
   * };
   */
  readonly getToken: TokenManager["getToken"];
  /**
   * Returns an access token that is newer than the stored one. Rejects as `getToken()` does.
   * @throws RequestTokenError the server refused the request, or its response is malformed
   * @throws NetworkError no response came
   * @example
   * const renew = (client: Client) => client.forceRefresh();
   */
  readonly forceRefresh: TokenManager["forceRefresh"];
  /**
   * Deletes the stored access token, so that the next call requests another one.
   * @throws StorageError the token is still stored
   * @example
   * const reset = (client: Client) => client.invalidateToken({ refreshToken: "forget" });
   */
  readonly invalidateToken: TokenManager["invalidateToken"];
  /**
   * Sends a request, with the token if the URL is in `allow`. Rejects as `fetch` and `getToken({ prompt: "none" })` do.
   * @throws ConfigurationError `allow` is missing
   * @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1
   * @example
   * const readInvoices = async (client: Client): Promise<unknown> => {
   *   const response = await client.fetch("https://api.example.com/invoices");
   *   return response.json();
   * };
   */
  readonly fetch: (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;
}

/**
 * Composes a client for servers, workers and other trusted runtimes. It reads and sends nothing before the first call.
 * @throws ConfigurationError an input is missing or malformed; `input` names it
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.4
 * @example
 * const createReports = (clientSecret: string) =>
 *   createClient({
 *     issuer: "https://id.example.com",
 *     clientId: "reports",
 *     authentication: { method: "client_secret_basic", clientSecret },
 *     allow: ["https://api.example.com"],
 *   });
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
  // Added before tokens are looked up, because clients with different targets may share a storage.
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
        'Give the URLs that may get the token, for example ["https://api.example.com"].',
      );
    },
  };
}

/** Validated here, because a request would fail only after the metadata has been fetched. */
function checkAuthentication({ authentication, grant }: CreateClientConfig): void {
  const problem = problemWith(authentication);
  const isUnauthenticated = !problem && authentication.method === "none" && !grant;
  if (!problem && !isUnauthenticated) return;
  throw new ConfigurationError(
    "authentication",
    problem ??
      'with the method "none" the client has no credentials for the client credentials grant',
    'Give { method: "client_secret_basic", clientSecret }, or the method that is registered at the server for this client.',
  );
}

/** With a custom grant, the issuer and the client id do not identify the owner of the tokens. */
function checkService({ grant, storage, service }: CreateClientConfig): void {
  if (!grant || !storage || service) return;
  throw new ConfigurationError(
    "service",
    "it is missing",
    "Give a name for the owner of the tokens, such as a user id: other clients with this client id may use the same storage.",
  );
}

function problemWith(authentication: ClientAuthentication | undefined): string | undefined {
  switch (authentication?.method) {
    case "client_secret_basic":
    case "client_secret_post":
      return authentication.clientSecret ? undefined : "clientSecret is missing";
    case "private_key_jwt":
      return authentication.key ? undefined : "key is missing";
    case "none":
      return undefined;
    case undefined:
      return "it is missing";
    default:
      return "its method is unknown";
  }
}

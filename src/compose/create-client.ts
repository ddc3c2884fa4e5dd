import { systemClock, systemRandom } from "../browser/page/system-clock.ts";
import { asyncDispose } from "../core/async-dispose.ts";
import { checkRegistration } from "../core/auth-config.ts";
import type { AuthorizationServer } from "../core/authorization-server.ts";
import type { OwnParameters } from "../core/authorization-parameters.ts";
import type { Endpoints } from "../core/endpoints.ts";
import type { ClientAuthentication } from "../core/client-authentication.ts";
import { ConfigurationError } from "../core/errors.ts";
import type { Grant } from "../core/grant.ts";
import { encodeKey, clientKey, type ClientKey } from "../core/keys.ts";
import { assertNotOwned } from "../core/owned-parameters.ts";
import { OWNED_BY_TOKEN_REQUESTS } from "../core/owned-token-parameters.ts";
import type { Clock, Random, TabLock } from "../core/ports.ts";
import type { RequestStore } from "../core/request-store.ts";
import { RunningCalls } from "../core/running-calls.ts";
import type { TokenStorage } from "../core/token-storage.ts";
import type { TokenTarget } from "../core/token-target.ts";
import type { Client } from "./client.ts";
import { createLazyServer } from "./lazy-server.ts";
import { ClientCredentialsGrant } from "../grants/client-credentials-grant.ts";
import { RefreshTokenGrant } from "../grants/refresh-token-grant.ts";
import { createFetch, type CreateFetchConfig } from "../fetch/create-fetch.ts";
import { inService } from "../service/service-hints.ts";
import { TokenManager } from "../service/token-manager.ts";
import { MemoryRequestStore } from "../memory/memory-request-store.ts";
import { MemoryTabLock } from "../memory/memory-tab-lock.ts";
import { MemoryTokenStorage } from "../memory/memory-token-storage.ts";

/** The objects that `createClient()` passes to the function `CreateClientConfig.grant`. A `DeviceCodeGrant` needs these objects. */
export interface ClientGrantParts {
  /** The issuer and the client id, as one string. */
  readonly client: ClientKey;
  /** Stores pending device logins in this process's memory. */
  readonly requests: RequestStore;
  readonly locks: TabLock;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * The configuration of `createClient()`. `scope`, `resource` and `audience` are defaults for the options of the client's
 * methods.
 */
export interface CreateClientConfig
  extends TokenTarget, Partial<Pick<CreateFetchConfig, "allow" | "exclude">> {
  /** The issuer identifier of the authorization server, exactly as in the server's metadata. */
  readonly issuer: string;
  /** The client id at the authorization server. */
  readonly clientId: string;
  /**
   * The authentication method for the token endpoint, with the client's secret or key. A public client, such as a program that
   * users install, has `{ method: "none" }` and a `grant`.
   */
  readonly authentication: ClientAuthentication;
  /**
   * Endpoints that replace those of the server's metadata, one by one. If `tokenEndpoint` is given, the client does not load the
   * metadata.
   */
  readonly endpoints?: Endpoints;
  /** Additional parameters of every token request, for which Latchkey has no option. The keys are the names in the request. */
  readonly tokenParameters?: OwnParameters;
  /**
   * Creates the grant that requests the tokens. `createClient()` wraps the grant in a `RefreshTokenGrant`. Default: a
   * `ClientCredentialsGrant`.
   */
  readonly grant?: (server: AuthorizationServer, parts: ClientGrantParts) => Grant;
  /** Stores the tokens. Default: a new `MemoryTokenStorage`, which only this client uses. */
  readonly storage?: TokenStorage;
  /**
   * A name for the owner of the tokens, such as a user id. The name is a part of the storage keys, so clients with different
   * names do not share tokens. Required if both `grant` and `storage` are given.
   */
  readonly service?: string;
  /** The start of all keys in `storage`. Default: `auth_token`. */
  readonly keyPrefix?: string;
  /**
   * The locks that prevent two clients from requesting the same token at the same time. If several clients share a `storage`,
   * give all these clients the same `locks`. Default: a new `MemoryTabLock`, which only this client uses.
   */
  readonly locks?: TabLock;
  /** Sends the requests to the authorization server. Default: the global `fetch`. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/**
 * Creates a client for servers, workers and other trusted runtimes. The client sends no request before the first call of one of
 * its methods.
 * @throws ConfigurationError an input is missing or malformed; `error.input` is the name of that input
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.4
 * @example
 * const createReports = (clientSecret: string) =>
 *   createClient({
 *     issuer: "https://id.example.com",
 *     clientId: "reports",
 *     authentication: { method: "client_secret_basic", clientSecret },
 *     allow: ["https://api.example.com"],
 *   });
 * @example
 * const prompt: DevicePrompt = {
 *   showCode: ({ userCode, verificationUri }) => console.log(verificationUri, userCode),
 * };
 * const terminal = createClient({
 *   issuer: "https://id.example.com",
 *   clientId: "terminal",
 *   authentication: { method: "none" },
 *   scope: ["openid", "profile", "offline_access"],
 *   grant: (server, parts) => new DeviceCodeGrant(server, { ...parts, prompt }),
 * });
 */
export function createClient(config: CreateClientConfig): Client {
  checkRegistration(config);
  checkAuthentication(config);
  checkService(config);
  assertNotOwned("tokenParameters", config.tokenParameters, OWNED_BY_TOKEN_REQUESTS);
  const { issuer, clientId, authentication, endpoints, service, keyPrefix } = config;
  const { scope = [], resource, audience, allow, exclude } = config;
  const { server } = createLazyServer({
    issuer,
    clientId,
    scope,
    authentication,
    ...(endpoints && { endpoints }),
    tokenParameters: config.tokenParameters,
    ...(config.fetch && { fetch: config.fetch }),
    requests: new MemoryRequestStore(),
    clock: systemClock,
  });
  const client = clientKey(issuer, clientId);
  const locks = config.locks ?? new MemoryTabLock();
  const requests = new MemoryRequestStore();
  const parts = { client, requests, locks, clock: systemClock, random: systemRandom };
  const grant = config.grant?.(server, parts) ?? new ClientCredentialsGrant(server);
  const manager = new TokenManager({
    provider: new RefreshTokenGrant(grant, server),
    storage: config.storage ?? new MemoryTokenStorage(),
    locks,
    clock: systemClock,
    service: service === undefined ? client : `${client},${encodeKey(service)}`,
    ...(keyPrefix !== undefined && { keyPrefix }),
  });
  // The options of each call get these defaults. A token's scope, resource and audience are a part of its storage key, so
  // clients with different defaults can share a storage.
  const target: TokenTarget = {
    ...(scope.length > 0 && { scope }),
    ...(resource !== undefined && { resource }),
    ...(audience !== undefined && { audience }),
  };
  const running = new RunningCalls();
  const explained = <T>(call: Promise<T>): Promise<T> =>
    running.track(
      call.catch((error: unknown) => {
        throw inService(error);
      }),
    );
  const getToken: Client["getToken"] = (options) =>
    explained(manager.getToken({ ...target, ...options }));
  const send = allow && createFetch({ getToken, allow, ...(exclude && { exclude }) });
  return {
    getToken,
    getTokenSet: (options) => explained(manager.getTokenSet({ ...target, ...options })),
    forceRefresh: (options) => explained(manager.forceRefresh({ ...target, ...options })),
    invalidateToken: (options) => explained(manager.invalidateToken({ ...target, ...options })),
    [asyncDispose]: async () => {
      await running.ended();
      await explained(manager[asyncDispose]());
    },
    fetch: async (input, init) => {
      if (send) return send(input, init);
      throw new ConfigurationError(
        "allow",
        "it is missing, and fetch() needs it",
        'Give the URLs to which the token is sent, for example ["https://api.example.com"].',
      );
    },
  };
}

function checkAuthentication({ authentication, grant }: CreateClientConfig): void {
  const problem = problemWith(authentication);
  const isUnauthenticated = !problem && authentication.method === "none" && !grant;
  if (!problem && !isUnauthenticated) return;
  throw new ConfigurationError(
    "authentication",
    problem ?? 'its method is "none", and the client credentials grant needs credentials',
    'Give { method: "client_secret_basic", clientSecret }, or the method that is registered at the server for this client.',
  );
}

/**
 * Requires `service` if both `grant` and `storage` are given. With a custom grant, the tokens can belong to different users.
 */
function checkService({ grant, storage, service }: CreateClientConfig): void {
  if (!grant || !storage || service) return;
  throw new ConfigurationError(
    "service",
    "it is missing. A client that has both the options `grant` and `storage` needs it",
    "Give a name for the owner of the tokens, such as a user id, so that no other client reads these tokens from the storage.",
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

import type { createDatabase } from "../browser/storage/database.ts";
import { abortable } from "../core/abortable.ts";
import type { LoginDefaults, OwnParameters } from "../core/authorization-parameters.ts";
import type { Diagnose } from "../oidc/token/form-request.ts";
import type { AuthorizationServer } from "../core/authorization-server.ts";
import type { Endpoints } from "../core/endpoints.ts";
import type { ClientAuthentication } from "../core/client-authentication.ts";
import { chunk, shared } from "../core/lazy.ts";
import type { Clock } from "../core/ports.ts";
import type { Send } from "../core/refresher.ts";
import type { RequestStore } from "../core/request-store.ts";
import { parseTargetKey } from "../core/token-target.ts";

/** The configuration of `createLazyServer()`. */
export interface LazyServerConfig {
  /** The issuer identifier of the authorization server, exactly as in the server's metadata. */
  readonly issuer: string;
  /** The client id at the authorization server. */
  readonly clientId: string;
  /** The client's authentication method for the token endpoint. Default: `none`. */
  readonly authentication?: ClientAuthentication;
  /** The scopes of every login. Default at an OpenID provider: openid, profile, email and offline_access. */
  readonly scope?: readonly string[] | undefined;
  /**
   * Endpoints that replace those of the server's metadata, one by one. The metadata is not loaded if `tokenEndpoint` and
   * `authorizationEndpoint` are both given. For a client with `authentication`, `tokenEndpoint` is enough.
   */
  readonly endpoints?: Endpoints | undefined;
  /**
   * The resource indicators (absolute URIs of APIs) that every login requests.
   * @see https://www.rfc-editor.org/rfc/rfc8707#section-2.1
   */
  readonly resources?: readonly string[] | undefined;
  /**
   * The reaction to a changed `auth_time` in the ID token of a refresh. `auth_time` is the time when the user authenticated.
   * - `compare` (the default): the session ends.
   * - `ignore`: the session continues with the new `auth_time`.
   */
  readonly authTimeOnRefresh?: "compare" | "ignore" | undefined;
  /** Parameters of every login that the login itself does not set. */
  readonly loginOptions?: LoginDefaults | undefined;
  /** Additional parameters of every token request, for which Latchkey has no option. The keys are the names in the request. */
  readonly tokenParameters?: OwnParameters | undefined;
  /** Stores the pending authorization requests. */
  readonly requests: RequestStore;
  /** Returns the URL of the app's page. `returnTo` must have the same origin as this URL. Default: the redirect URI. */
  readonly pageUrl?: () => string;
  /**
   * Stores the server's metadata and keys for later page loads. Without a database, each page load fetches the metadata and the
   * keys.
   */
  readonly database?: ReturnType<typeof createDatabase>;
  readonly clock: Clock;
  /** Sends a request. Default: the global `fetch`. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /**
   * Finds out why a request of a browser got no response, for example because of CORS. Returns the error that says so, or
   * undefined. Default: no diagnosis.
   */
  readonly diagnose?: Diagnose;
  /** Shows a message for developers, for example about a scope that the server did not grant. Default: nothing is shown. */
  readonly warn?: (message: string) => void;
  /** The timeout of all requests except requests for metadata and keys. Milliseconds. Default: 15,000. */
  readonly tokenTimeoutMs?: number;
  /** The timeout of requests for metadata and keys. Milliseconds. Default: 10,000. */
  readonly discoveryTimeoutMs?: number;
}

/** The methods that call an authorization server. The first call of a method loads the code. */
export interface LazyServer {
  /** Calls the endpoints of the server. */
  readonly server: AuthorizationServer;
  /**
   * Sends refresh tokens for a `Refresher`. The caller of `createLazyServer()` adds the method `revoke`, because `revoke` also
   * needs the session store.
   */
  readonly send: Omit<Send, "revoke">;
}

/**
 * Creates the methods that call an authorization server. `server` and `send` use the same metadata and keys of the server.
 * @throws NetworkError from the returned methods: their code could not be loaded
 * @example
 * const requests = new IndexedDBRequestStore(createDatabase());
 * const registration = { issuer: "https://id.example.com", clientId: "web" };
 * const { server } = createLazyServer({ ...registration, requests, clock: systemClock });
 * const grant = new RefreshTokenGrant(new AuthorizationCodeGrant(server), server);
 */
export function createLazyServer(config: LazyServerConfig): LazyServer {
  const parts = {
    tokenTimeoutMs: 15_000,
    discoveryTimeoutMs: 10_000,
    ...config,
    // The global `fetch` is read at each call, because apps and tests can replace the global `fetch`.
    fetch: config.fetch ?? ((url: string, init: RequestInit) => fetch(url, init)),
  };
  const loadServer = shared(async () =>
    (await chunk(import("./protocol.chunk.ts"))).createServerInPage(parts),
  );
  const server = (signal?: AbortSignal) => abortable(loadServer(), signal);
  const loadSender = shared(async () => (await loadServer()).loadSender());
  let sender: Awaited<ReturnType<typeof loadSender>> | undefined;

  return {
    server: {
      authorize: async (request, signal) => (await server(signal)).authorize(request, signal),
      exchange: async (response, signal) => (await server(signal)).exchange(response, signal),
      requestTokens: async (parameters, options) =>
        (await server(options?.signal)).requestTokens(parameters, options),
      authorizeDevice: async (target, signal) =>
        (await server(signal)).authorizeDevice(target, signal),
      userinfo: async (accessToken, signal) => (await server(signal)).userinfo(accessToken, signal),
      revoke: async (token, signal, kind) => (await server(signal)).revoke(token, signal, kind),
      endSession: async (request, signal) => (await server(signal)).endSession(request, signal),
      missingEndpoints: async (signal) => (await server(signal)).missingEndpoints(signal),
    },
    send: {
      async prepare() {
        sender = await loadSender();
        await sender.prepare();
      },
      sync: async () => sender?.sync(),
      // `prepare()` has already loaded the code, so `send()` sends the request at once.
      async send(record, target) {
        const { refreshToken } = record;
        if (!sender || !refreshToken) return { type: "unsent" };
        return await sender.send({ refreshToken, previous: record, ...parseTargetKey(target) });
      },
      verify: async (record, keys) => {
        const loaded = await loadServer().catch(() => undefined);
        return (await loaded?.verify(record, keys)) ?? { type: "unknown" };
      },
    },
  };
}

import type { createDatabase } from "../browser/storage/database.ts";
import { abortable } from "../core/abortable.ts";
import type { AuthorizationServer, Endpoints } from "../core/authorization-server.ts";
import type { ClientAuthentication } from "../core/client-authentication.ts";
import { chunk, shared } from "../core/lazy.ts";
import type { Clock } from "../core/ports.ts";
import type { Send } from "../core/refresher.ts";
import type { RequestStore } from "../core/request-store.ts";
import { parseTargetKey } from "../core/token-target.ts";

export interface LazyServerConfig {
  readonly issuer: string;
  readonly clientId: string;
  /** `none` when not given. */
  readonly authentication?: ClientAuthentication;
  /** Asked for at every login; what people and refresh tokens need of an OpenID provider when not given. */
  readonly scope?: readonly string[] | undefined;
  /** Instead of asking the issuer for its metadata. */
  readonly endpoints?: Endpoints | undefined;
  /** Named at every login. @see RFC 8707 section 2.1 */
  readonly resources?: readonly string[] | undefined;
  /** `ignore`: the server changes `auth_time` at a refresh. `compare` when not given. */
  readonly authTimeOnRefresh?: "compare" | "ignore" | undefined;
  readonly requests: RequestStore;
  /** Where the server's metadata and keys outlive the page; in memory only when not given. */
  readonly database?: ReturnType<typeof createDatabase>;
  readonly clock: Clock;
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  readonly tokenTimeoutMs?: number;
  readonly discoveryTimeoutMs?: number;
}

/** The protocol, loaded piece by piece when it is first needed. */
export interface LazyServer {
  readonly server: AuthorizationServer;
  /** What a revocation needs beside the server is in no engine. */
  readonly send: Omit<Send, "revoke">;
}

/** Server and send share discovery and keys. */
export function createLazyServer(config: LazyServerConfig): LazyServer {
  const parts = {
    tokenTimeoutMs: 15_000,
    discoveryTimeoutMs: 10_000,
    ...config,
    // Looked up at each call: apps and tests replace the global.
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
      revoke: async (refreshToken, signal) => (await server(signal)).revoke(refreshToken, signal),
      endSession: async (request, signal) => (await server(signal)).endSession(request, signal),
    },
    send: {
      async prepare() {
        sender = await loadSender();
        await sender.prepare();
      },
      sync: async () => sender?.sync(),
      // Loads nothing: the request leaves in the task in which the coordinator decided so.
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

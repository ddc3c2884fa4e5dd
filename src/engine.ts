import { abortable } from "./core/abortable.ts";
import type { AuthorizationServer, Endpoints } from "./core/authorization-server.ts";
import type { ClientAuthentication } from "./core/client-authentication.ts";
import { chunk, shared } from "./core/lazy.ts";
import type { LeftTokens } from "./core/left-session.ts";
import type { Clock } from "./core/ports.ts";
import type { Send } from "./core/refresher.ts";
import type { RequestStore } from "./core/request-store.ts";
import { parseWantKey } from "./core/want.ts";
import type { LeftVerdict } from "./oidc/left-tokens.ts";

const DISCOVERY_TIMEOUT_MS = 10_000;

export interface EngineConfig {
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
  readonly clock: Clock;
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  readonly tokenTimeoutMs?: number;
  readonly discoveryTimeoutMs?: number;
}

/** The protocol, loaded piece by piece when it is first needed. */
export interface Engine {
  readonly server: AuthorizationServer;
  /** What a revocation needs beside the server is in no engine. */
  readonly send: Omit<Send, "revoke">;
}

/** Server and send share discovery and keys. */
export function createEngine(config: EngineConfig): Engine {
  const parts = {
    tokenTimeoutMs: 15_000,
    discoveryTimeoutMs: DISCOVERY_TIMEOUT_MS,
    ...config,
    // Looked up at each call: apps and tests replace the global.
    fetch: config.fetch ?? ((url: string, init: RequestInit) => fetch(url, init)),
  };
  const loadServer = shared(async () =>
    (await chunk(import("./session-work.ts"))).createServer(parts),
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
      authorizeDevice: async (want, signal) => (await server(signal)).authorizeDevice(want, signal),
      userinfo: async (accessToken, signal) => (await server(signal)).userinfo(accessToken, signal),
      revoke: async (refreshToken, signal) => (await server(signal)).revoke(refreshToken, signal),
      endSession: async (request, signal) => (await server(signal)).endSession(request, signal),
    },
    send: {
      async prepare() {
        sender = await loadSender();
        await sender.prepare();
      },
      // Loads nothing: the request leaves in the task in which the coordinator decided so.
      async send(record, want) {
        const { refreshToken, tokenEndpoint } = record;
        if (!sender || !refreshToken) return { type: "unsent" };
        const target = parseWantKey(want);
        return await sender.send({ refreshToken, tokenEndpoint, previous: record, ...target });
      },
      verify: async (record, keys) => {
        const loaded = await loadServer().catch(() => undefined);
        return (await loaded?.verify(record, keys)) ?? { type: "unknown" };
      },
    },
  };
}

/** What is needed, once, to take over the session of another SDK. */
export async function leftTokens({
  issuer,
  clientId,
  endpoints,
  clock,
}: Pick<EngineConfig, "issuer" | "clientId" | "endpoints" | "clock">): Promise<{
  judge: (tokens: LeftTokens) => LeftVerdict;
  findTokenEndpoint: () => Promise<string>;
}> {
  const loaded = await chunk(import("./oidc/left-tokens.ts"));
  return {
    judge: (tokens) => loaded.judgeLeft(tokens, { issuer, clientId, now: clock.now() }),
    findTokenEndpoint: () =>
      loaded.findTokenEndpoint(issuer, endpoints, {
        fetch: (url, init) => fetch(url, init),
        timeoutMs: DISCOVERY_TIMEOUT_MS,
      }),
  };
}

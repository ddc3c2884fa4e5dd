import { createClient as createRedis } from "redis";
import { createClient } from "../../src/confidential.ts";
import { RedisTabLock, RedisTokenStorage } from "../../src/redis.ts";

/** What the parent passes to a process in `argv`. */
export interface ServiceOptions {
  readonly redis: string;
  readonly issuer: string;
  readonly lockMs: number;
}

/**
 * One process of a service, for the tests with several processes. At the message `{ calls }`, the process calls `getToken()` that
 * often at the same time, and responds with the tokens or the error.
 */
async function serve({ redis: url, issuer, lockMs }: ServiceOptions): Promise<void> {
  const redis = createRedis({ url });
  redis.on("error", () => {});
  await redis.connect();
  const client = createClient({
    issuer,
    clientId: "reports",
    authentication: { method: "client_secret_basic", clientSecret: "client-secret" },
    endpoints: { tokenEndpoint: `${issuer}/token` },
    storage: new RedisTokenStorage(redis, { prefix: "p", timeoutMs: 20_000 }),
    locks: new RedisTabLock(redis, {
      prefix: "p",
      ttlMs: lockMs,
      timeoutMs: 20_000,
      onLost: () => process.send!({ lost: true }),
    }),
    // The token endpoint learns which process sends the request.
    fetch: (url, init) => {
      const headers = new Headers(init.headers);
      headers.set("x-process", `${process.pid}`);
      return fetch(url, { ...init, headers });
    },
  });
  process.on("message", ({ calls }: { calls: number }) => {
    Promise.all(Array.from({ length: calls }, () => client.getToken())).then(
      (tokens) => process.send!({ tokens: [...new Set(tokens)], calls: tokens.length }),
      (error: unknown) => process.send!({ error: String(error) }),
    );
  });
  process.on("disconnect", () => process.exit());
  process.send!({ ready: true });
}

void serve(JSON.parse(process.argv[2]!) as ServiceOptions);

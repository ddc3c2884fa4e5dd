import { createClient } from "../../../src/confidential.ts";
import { createTokenManager } from "../../../src/index.ts";
import { CustomGrant } from "../../../src/parts.ts";
import { RedisTabLock, RedisTokenStorage, type RedisClient } from "../../../src/redis.ts";
import { installRedis, startRedis } from "../../support/redis-server.ts";
import { compare, median, type Measured } from "../statistics.ts";
import { table, type Line } from "../table.ts";

const ROUNDS = 60;
const CALLS = 300;
const TARGET = 1.5;

/** Compares a token from the cache in Redis with one bare GET of the same record, over the same connection. */
async function bench(redis: RedisClient & { keys(pattern: string): Promise<string[]> }) {
  const tokens = { accessToken: "t".repeat(1_200), expiresAt: Date.now() + 3_600_000 };
  const parts = (prefix: string) => ({
    storage: new RedisTokenStorage(redis, { prefix }),
    locks: new RedisTabLock(redis, { prefix }),
  });
  const manager = createTokenManager({
    service: "reports",
    provider: new CustomGrant(async () => tokens),
    ...parts("manager"),
  });
  const client = createClient({
    issuer: "https://id.example.com",
    clientId: "reports",
    authentication: { method: "client_secret_basic", clientSecret: "unused" },
    grant: () => new CustomGrant(async () => tokens),
    service: "reports",
    ...parts("client"),
  });
  const subjects = {
    "createTokenManager(): getToken()": { call: () => manager.getToken(), prefix: "manager" },
    "createClient(): getToken()": { call: () => client.getToken(), prefix: "client" },
  };
  const lines: Line[] = [];
  for (const [what, { call, prefix }] of Object.entries(subjects)) {
    await call();
    const [key] = await redis.keys(`latchkey/storage/${prefix}/*`);
    const rounds: Measured[] = [];
    await medianOf(call);
    await medianOf(() => redis.get(key!));
    for (let round = 0; round < ROUNDS; round++) {
      const latchkey = await medianOf(call);
      const baseline = await medianOf(() => redis.get(key!));
      rounds.push({ latchkey, baseline });
    }
    lines.push({ what, unit: "µs", digits: 1, target: TARGET, result: compare(rounds) });
  }
  console.log(table(lines));
  if (!lines.every(({ result }) => Number.isFinite(result.ratio))) process.exitCode = 1;
}

/** Returns the median duration of one of many calls, one after the other. Microseconds. */
async function medianOf(call: () => Promise<unknown>): Promise<number> {
  const durations: number[] = [];
  for (let i = 0; i < CALLS; i++) {
    const start = performance.now();
    await call();
    durations.push((performance.now() - start) * 1_000);
  }
  return median(durations);
}

const LEGEND = `
Latchkey: the median of a call that returns a stored token; baseline: the median of GET of the same record
The ratio is the median of ${ROUNDS} rounds of ${CALLS} calls each. Times differ from machine to machine; compare ratios only.
`;

async function main(): Promise<void> {
  const path = await installRedis();
  if (path === undefined) return;
  const server = await startRedis(path);
  try {
    console.log(LEGEND);
    await bench(server.redis);
  } finally {
    await server.stop();
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

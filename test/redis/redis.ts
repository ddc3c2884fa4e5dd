import { afterAll, beforeAll, beforeEach } from "vitest";
import { findRedis, startRedis, type RedisServer } from "../support/redis-server.ts";

const path = findRedis();
/** Whether this machine has no `redis-server`. The tests are then skipped. */
export const IS_MISSING = path === undefined;

/** Starts a Redis server for the tests of a file, and empties it before each test. */
export function useRedis(): () => RedisServer {
  let server: RedisServer;
  beforeAll(async () => {
    if (path !== undefined) server = await startRedis(path);
  });
  beforeEach(async () => {
    if (path !== undefined) await server.redis.flushAll();
  });
  afterAll(() => server?.stop());
  return () => server;
}

/** All keys of Redis with their texts. A key that holds no text has the type of its value instead. */
export async function contentOf({ redis }: RedisServer): Promise<Record<string, string | null>> {
  const content: Record<string, string | null> = {};
  for await (const keys of redis.scanIterator()) {
    for (const key of keys) {
      const type = await redis.type(key);
      content[key] = type === "string" ? await redis.get(key) : type;
    }
  }
  return content;
}

/** How often Redis has executed each command since `redis.configResetStat()`. */
export async function commandsOf({ redis }: RedisServer): Promise<Record<string, number>> {
  const stats = await redis.info("commandstats");
  return Object.fromEntries(
    [...stats.matchAll(/cmdstat_(\S+?):calls=(\d+)/g)].map(([, name, calls]) => [
      name!,
      Number(calls),
    ]),
  );
}

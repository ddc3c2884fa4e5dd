import { StorageError } from "../../src/index.ts";
import { type TokenStorage } from "../../src/parts.ts";

/** The methods of a Redis client that the storage calls. */
export interface Redis {
  get(key: string): Promise<string | null>;
  set(key: string, value: string, options?: { PX: number }): Promise<unknown>;
  del(keys: string | string[]): Promise<unknown>;
  exists(key: string): Promise<number>;
  keys(pattern: string): Promise<string[]>;
}

/** Stores tokens in Redis, for several servers of one service. */
export function redisTokenStorage(redis: Redis, prefix: string): TokenStorage {
  const orStorageError = (cause: unknown): never => {
    throw new StorageError("Redis failed", cause);
  };
  return {
    async get(key) {
      const text = await redis.get(prefix + key).catch(orStorageError);
      try {
        return text === null ? undefined : JSON.parse(text);
      } catch {
        await this.delete(key); // a damaged value counts as missing
        return undefined;
      }
    },
    async set(key, value, ttlMs) {
      if (ttlMs !== undefined && ttlMs < 1) return this.delete(key);
      const options = ttlMs === undefined ? undefined : { PX: Math.floor(ttlMs) };
      await redis.set(prefix + key, JSON.stringify(value), options).catch(orStorageError);
    },
    async delete(key) {
      await redis.del(prefix + key).catch(orStorageError);
    },
    async exists(key) {
      return (await redis.exists(prefix + key).catch(orStorageError)) > 0;
    },
    async clear() {
      const keys = await redis.keys(`${prefix}*`).catch(orStorageError);
      if (keys.length > 0) await redis.del(keys).catch(orStorageError);
    },
  };
}

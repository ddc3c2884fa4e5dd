export { RedisTabLock } from "./redis/redis-tab-lock.ts";
export type { RedisTabLockConfig } from "./redis/redis-tab-lock.ts";
export { RedisTokenStorage } from "./redis/redis-token-storage.ts";
export type { RedisTokenStorageConfig } from "./redis/redis-token-storage.ts";
export type { RedisClient } from "./redis/redis-client.ts";

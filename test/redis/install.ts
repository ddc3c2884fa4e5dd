import { installRedis } from "../support/redis-server.ts";

/** Runs once before `npm run test:redis`. */
export async function setup(): Promise<void> {
  await installRedis();
}

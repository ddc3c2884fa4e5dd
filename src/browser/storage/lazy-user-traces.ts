import type { ClientKey } from "../../core/keys.ts";
import { chunk } from "../../core/lazy.ts";
import type { Database } from "./database.ts";

/**
 * Returns a function that deletes the pending authorization requests and the handled responses of a user. They are in
 * `database` even if the app has its own stores.
 */
export function userTraces(database: Database, client: ClientKey): (sub: string) => Promise<void> {
  return async (sub) => {
    const { deleteTraces } = await chunk(import("./user-traces.ts"));
    await deleteTraces(database, { client, sub });
  };
}

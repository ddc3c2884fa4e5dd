import { promisifyRequest } from "idb-keyval";
import { within, type Database } from "./database.ts";
import { deleteTraces } from "./user-traces.ts";

/**
 * Deletes pending authorization requests and handled responses that are too old for any login. Never rejects. If the store
 * fails, the next page load tries again.
 */
export async function sweepTraces(database: Database): Promise<void> {
  try {
    const counts = await database("readonly", (store) =>
      Promise.all(
        ["callback/", "request/"].map((prefix) => promisifyRequest(store.count(within(prefix)))),
      ),
    );
    if (counts.some((count) => count > 0)) await deleteTraces(database);
  } catch {
    // Old traces stay until the next page load.
  }
}

import { promisifyRequest } from "idb-keyval";
import { chunk } from "../../core/lazy.ts";
import { within, type Database } from "./database.ts";

/**
 * Deletes pending authorization requests and handled responses that are too old for any login. Loads the code for this only if
 * there are such entries. Never rejects. `opened` settles when the page has read its session. If `opened` rejects, does nothing.
 */
export async function sweepTraces(database: Database, opened: Promise<unknown>): Promise<void> {
  try {
    await opened;
    const counts = await database("readonly", (store) =>
      Promise.all(
        ["callback/", "request/"].map((prefix) => promisifyRequest(store.count(within(prefix)))),
      ),
    );
    if (counts.every((count) => count === 0)) return;
    await (await chunk(import("./user-traces.ts"))).deleteTraces(database);
  } catch {
    // The next page load tries again.
  }
}

import { promisifyRequest } from "idb-keyval";
import type { ClientKey } from "../../core/keys.ts";
import { chunk } from "../../core/lazy.ts";
import { within, type Database } from "./database.ts";
import { CALLBACKS, isOldTrace } from "./indexeddb-callback-ledger.ts";

const loadTraces = () => chunk(import("./user-traces.ts"));

/**
 * Returns a function that deletes the pending authorization requests and the handled responses of a user. They are in
 * `database` even if the app has its own stores.
 */
export function userTraces(database: Database, client: ClientKey): (sub: string) => Promise<void> {
  return async (sub) => (await loadTraces()).deleteTraces(database, { client, sub });
}

/**
 * Deletes pending authorization requests and handled responses that are too old for any login. Loads the code for this only if
 * there is a pending request or an old response. Never rejects. `opened` settles when the page has read its session. If `opened`
 * rejects, does nothing.
 */
export async function sweepTraces(database: Database, opened: Promise<unknown>): Promise<void> {
  try {
    await opened;
    const [requests, responses] = await database("readonly", (store) =>
      Promise.all([
        promisifyRequest(store.count(within("request/"))),
        promisifyRequest<({ readonly at?: unknown } | undefined)[]>(
          store.getAll(within(CALLBACKS)),
        ),
      ]),
    );
    if (requests === 0 && !responses.some((entry) => isOldTrace(entry?.at))) return;
    await (await loadTraces()).deleteTraces(database);
  } catch {
    // The next page load tries again.
  }
}

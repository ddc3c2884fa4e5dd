import { promisifyRequest, type UseStore } from "idb-keyval";
import { writeEntry } from "./database.ts";
import { defaultUserKey, sessionKey, type ClientKey } from "../core/keys.ts";
import { parseRow } from "../core/parse-row.ts";
import type { SessionRow, UserStore } from "../core/session.ts";

/** The client's default user, in IndexedDB beside the sessions. */
export class IndexedDBUserStore implements UserStore {
  readonly #database: UseStore;
  readonly #client: ClientKey;

  constructor(database: UseStore, client: ClientKey) {
    this.#database = database;
    this.#client = client;
  }

  getDefault(): Promise<{ sub?: string; row?: SessionRow }> {
    return this.#database("readonly", async (store) => {
      const sub: unknown = await promisifyRequest(store.get(defaultUserKey(this.#client)));
      if (typeof sub !== "string") return {};
      const row = parseRow(await promisifyRequest(store.get(sessionKey(this.#client, sub))));
      return row === undefined ? { sub } : { sub, row };
    });
  }

  putDefault(sub: string): Promise<void> {
    return writeEntry(this.#database, defaultUserKey(this.#client), sub);
  }
}

import { del, promisifyRequest, set, type UseStore } from "idb-keyval";
import { defaultUserKey, sessionKey, type ClientKey } from "../core/keys.ts";
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
      const sub = await promisifyRequest<string | undefined>(
        store.get(defaultUserKey(this.#client)),
      );
      if (sub === undefined) return {};
      const row = await promisifyRequest<SessionRow | undefined>(
        store.get(sessionKey(this.#client, sub)),
      );
      return row === undefined ? { sub } : { sub, row };
    });
  }

  putDefault(sub: string | null): Promise<void> {
    const key = defaultUserKey(this.#client);
    return sub === null ? del(key, this.#database) : set(key, sub, this.#database);
  }
}

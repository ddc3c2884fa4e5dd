import { promisifyRequest, set } from "idb-keyval";
import { activeUserKey, defaultUserKey, sessionKey, type ClientKey } from "../../core/keys.ts";
import { chunk } from "../../core/lazy.ts";
import { parseRow } from "../../core/parse-row.ts";
import type { SessionStore } from "../../core/session.ts";
import type { RememberedUsers, StoredUser, UserStore } from "../../core/user-store.ts";
import type { Database } from "./database.ts";

/**
 * Stores the client's remembered users and its default user in IndexedDB, and this tab's user in `sessionStorage`.
 */
export class IndexedDBUserStore implements UserStore {
  readonly #database: Database;
  readonly #client: ClientKey;
  readonly #sessions: SessionStore | undefined;

  /** @param sessions the app's own store of the sessions. Default: the sessions are in `database` */
  constructor(database: Database, client: ClientKey, sessions?: SessionStore) {
    this.#database = database;
    this.#client = client;
    this.#sessions = sessions;
  }

  async getActive(): Promise<StoredUser> {
    const active = await this.#active();
    const sessions = this.#sessions;
    if (!sessions || active.sub === undefined) return active;
    return { ...active, row: await sessions.get(sessionKey(this.#client, active.sub)) };
  }

  #active(): Promise<StoredUser> {
    const client = this.#client;
    return this.#database("readonly", async (store) => {
      const pinned = sessionStorage.getItem(activeUserKey(client));
      const sub: unknown = pinned ?? (await promisifyRequest(store.get(defaultUserKey(client))));
      if (typeof sub !== "string" || sub === "") return pinned === "" ? { isPinned: true } : {};
      const row = parseRow(await promisifyRequest(store.get(sessionKey(client, sub))));
      return { sub, row, isPinned: pinned !== null };
    });
  }

  putDefault(sub: string | null): Promise<void> {
    return set(defaultUserKey(this.#client), sub, this.#database);
  }

  pin(sub: string | undefined): void {
    const key = activeUserKey(this.#client);
    if (sub !== undefined) {
      try {
        return sessionStorage.setItem(key, sub);
      } catch {
        // `sessionStorage` is full and cannot store the new user. `removeItem()` below removes the previous user of this tab.
      }
    }
    sessionStorage.removeItem(key);
  }

  async users(): Promise<RememberedUsers> {
    const { usersIn } = await chunk(import("./users-of-sessions.ts"));
    return usersIn(this.#database, this.#client, this.#sessions);
  }
}

import { get, keys, promisifyRequest, set } from "idb-keyval";
import type { RequestStore } from "../../core/request-store.ts";
import type { Database } from "./database.ts";

/**
 * The prefix of all keys of an `IndexedDBRequestStore`: `request/` for authorization requests, or `device/` for device logins.
 */
type RequestKind = "request/" | "device/";

/**
 * Stores pending requests in IndexedDB, where other tabs and later page loads can read the requests. For example, a link in an
 * email can open the authorization response in another tab.
 * @example
 * const requests = new IndexedDBRequestStore(createDatabase());
 */
export class IndexedDBRequestStore implements RequestStore {
  readonly #database: Database;
  readonly #kind: RequestKind;

  constructor(database: Database, kind: RequestKind = "request/") {
    this.#database = database;
    this.#kind = kind;
  }

  async get(id: string): Promise<string | null> {
    return textIn(await get(this.#kind + id, this.#database));
  }

  set(id: string, value: string): Promise<void> {
    return set(this.#kind + id, value, this.#database);
  }

  remove(id: string): Promise<string | null> {
    return this.#database("readwrite", async (store) => {
      const value = await promisifyRequest<unknown>(store.get(this.#kind + id));
      store.delete(this.#kind + id);
      await promisifyRequest(store.transaction);
      return textIn(value);
    });
  }

  async getAllKeys(): Promise<string[]> {
    const all = await keys(this.#database);
    return all.flatMap((key) =>
      typeof key === "string" && key.startsWith(this.#kind) ? key.slice(this.#kind.length) : [],
    );
  }
}

function textIn(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

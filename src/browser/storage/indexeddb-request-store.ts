import { promisifyRequest, type UseStore } from "idb-keyval";
import type { RequestStore } from "../../core/request-store.ts";
import { readEntry, within, writeEntry } from "./database.ts";

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
  readonly #database: UseStore;
  readonly #kind: RequestKind;

  constructor(database: UseStore, kind: RequestKind = "request/") {
    this.#database = database;
    this.#kind = kind;
  }

  async get(id: string): Promise<string | null> {
    return textIn(await readEntry(this.#database, this.#kind + id));
  }

  set(id: string, value: string): Promise<void> {
    return writeEntry(this.#database, this.#kind + id, value);
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
    const keys = await this.#database("readonly", (store) =>
      promisifyRequest(store.getAllKeys(within(this.#kind))),
    );
    return keys.filter((key) => typeof key === "string").map((key) => key.slice(this.#kind.length));
  }
}

function textIn(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

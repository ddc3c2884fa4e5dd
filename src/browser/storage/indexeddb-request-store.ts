import { promisifyRequest, type UseStore } from "idb-keyval";
import type { RequestStore } from "../../core/request-store.ts";
import { readEntry, within, writeEntry } from "./database.ts";

/**
 * The prefix of all keys of the store. Authorization requests have the prefix `request/`, and device logins have the prefix
 * `device/`. The prefixes differ, because Latchkey deletes old authorization requests with a function of the library
 * oidc-client-ts, and this function must not delete device logins.
 */
type RequestKind = "request/" | "device/";

/**
 * Stores pending requests in IndexedDB. Other tabs can read these requests, because an authorization response can arrive in
 * another tab, for example through a link in an email. Later page loads can read them, too, so a device login survives a
 * reload.
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

/** Returns the stored request, which is always a string. Returns null for a missing or damaged record. */
function textIn(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

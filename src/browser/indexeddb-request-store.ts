import { promisifyRequest, type UseStore } from "idb-keyval";
import type { RequestStore } from "../core/request-store.ts";
import { readEntry, within, writeEntry } from "./database.ts";

const PREFIX = "request/";

/** Pending authorization requests in IndexedDB, so that a link from a mail may come back in another tab. */
export class IndexedDBRequestStore implements RequestStore {
  readonly #database: UseStore;

  constructor(database: UseStore) {
    this.#database = database;
  }

  async get(id: string): Promise<string | null> {
    return (await readEntry<string>(this.#database, PREFIX + id)) ?? null;
  }

  set(id: string, value: string): Promise<void> {
    return writeEntry(this.#database, PREFIX + id, value);
  }

  remove(id: string): Promise<string | null> {
    return this.#database("readwrite", async (store) => {
      const value = await promisifyRequest<string | undefined>(store.get(PREFIX + id));
      store.delete(PREFIX + id);
      await promisifyRequest(store.transaction);
      return value ?? null;
    });
  }

  async getAllKeys(): Promise<string[]> {
    const keys = await this.#database("readonly", (store) =>
      promisifyRequest(store.getAllKeys(within(PREFIX))),
    );
    return keys.filter((key) => typeof key === "string").map((key) => key.slice(PREFIX.length));
  }
}

import { promisifyRequest, type UseStore } from "idb-keyval";
import type { RequestStore } from "../../core/request-store.ts";
import { readEntry, within, writeEntry } from "./database.ts";

/** What is pending: authorization requests, which oidc-client-ts sweeps, or device logins, which it must never see. */
type RequestKind = "request/" | "device/";

/** Pending requests in IndexedDB: a link from a mail may come back in another tab, and a device login outlives a reload. */
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

/** Requests are stored as text; everything else is damaged and counts as none. */
function textIn(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

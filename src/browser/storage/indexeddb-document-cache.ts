import { get } from "idb-keyval";
import {
  parseCachedDocument,
  type CachedDocument,
  type DocumentCache,
} from "../../core/document-cache.ts";
import { NO_CHANGE } from "../../core/session.ts";
import { updateEntry, type Database } from "./database.ts";

const DOCUMENTS = "document/";

/** Caches the metadata and the public keys of authorization servers in IndexedDB. No data of a user is stored. */
export class IndexedDBDocumentCache implements DocumentCache {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async get(key: string): Promise<CachedDocument | undefined> {
    return parseCachedDocument(await get(DOCUMENTS + key, this.#database));
  }

  update(
    key: string,
    change: (before: CachedDocument | undefined) => CachedDocument | undefined,
  ): Promise<CachedDocument | undefined> {
    return updateEntry(this.#database, DOCUMENTS + key, parseCachedDocument, (before) => {
      const after = change(before);
      return after === before ? NO_CHANGE : after;
    });
  }
}

import type { UseStore } from "idb-keyval";
import {
  type SessionChange,
  type SessionRow,
  type SessionStore,
  type TokenRecord,
} from "../core/session.ts";
import { userKeyOf } from "../core/keys.ts";
import { rememberedRecord } from "../core/remembered-record.ts";
import { parseRow } from "../core/parse-row.ts";
import { readEntry, updateEntry } from "./database.ts";

/** Sessions in IndexedDB, their tokens as they are, and beside each what lists of people show. */
export class IndexedDBSessionStore implements SessionStore {
  readonly #database: UseStore;

  constructor(database: UseStore) {
    this.#database = database;
  }

  async get(key: string): Promise<SessionRow | undefined> {
    return parseRow(await readEntry(this.#database, key));
  }

  update(key: string, change: SessionChange): Promise<SessionRow | undefined> {
    return updateEntry(this.#database, key, parseRow, change, (store, row) => {
      const record = rememberedRecord(row);
      if (record) store.put(record, userKeyOf(key));
      else store.delete(userKeyOf(key));
    });
  }

  seal(record: TokenRecord): Promise<unknown> {
    return Promise.resolve(record);
  }

  open(tokens: unknown): Promise<TokenRecord> {
    return Promise.resolve(tokens as TokenRecord);
  }
}

import type { UseStore } from "idb-keyval";
import {
  type SessionChange,
  type SessionRow,
  type SessionStore,
  type TokenRecord,
} from "../core/session.ts";
import { parseRow } from "../core/parse-row.ts";
import { readEntry, updateEntry } from "./database.ts";
import { updateList } from "./remembered-list.ts";

/** Sessions in IndexedDB, their tokens as they are, and the list of people in step with them. */
export class IndexedDBSessionStore implements SessionStore {
  readonly #database: UseStore;

  constructor(database: UseStore) {
    this.#database = database;
  }

  async get(key: string): Promise<SessionRow | undefined> {
    return parseRow(await readEntry(this.#database, key));
  }

  update(key: string, change: SessionChange): Promise<SessionRow | undefined> {
    return updateEntry(this.#database, key, parseRow, change, updateList);
  }

  seal(record: TokenRecord): Promise<unknown> {
    return Promise.resolve(record);
  }

  open(tokens: unknown): Promise<TokenRecord> {
    return Promise.resolve(tokens as TokenRecord);
  }
}

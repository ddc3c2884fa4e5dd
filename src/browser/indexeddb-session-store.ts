import { get, type UseStore } from "idb-keyval";
import {
  KEEP,
  type SessionChange,
  type SessionRow,
  type SessionStore,
  type TokenRecord,
} from "../core/session.ts";
import { updateEntry } from "./database.ts";

/** Sessions in IndexedDB, their tokens as they are. */
export class IndexedDBSessionStore implements SessionStore {
  readonly #database: UseStore;

  constructor(database: UseStore) {
    this.#database = database;
  }

  get(key: string): Promise<SessionRow | undefined> {
    return get<SessionRow>(key, this.#database);
  }

  update(key: string, change: SessionChange): Promise<SessionRow | undefined> {
    return updateEntry<SessionRow>(this.#database, key, change, KEEP);
  }

  seal(record: TokenRecord): Promise<unknown> {
    return Promise.resolve(record);
  }

  open(tokens: unknown): Promise<TokenRecord> {
    return Promise.resolve(tokens as TokenRecord);
  }
}

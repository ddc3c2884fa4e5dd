import type { UseStore } from "idb-keyval";
import {
  type SessionChange,
  type SessionRow,
  type SessionStore,
  type TokenRecord,
} from "../../core/session.ts";
import { NoTokenError } from "../../core/errors.ts";
import { isTokenRecord, parseRow } from "../../core/parse-row.ts";
import { readEntry, updateEntry } from "./database.ts";
import { updateList } from "../remembered-list.ts";

/** Sessions in IndexedDB, their tokens as they are, and the list of people in step with them. */
export class IndexedDBSessionStore implements SessionStore {
  readonly #database: UseStore;
  readonly #other: () => Promise<Pick<SessionStore, "open">>;

  /** @param other opens tokens that are not stored as they are; nobody can when not given */
  constructor(
    database: UseStore,
    other: () => Promise<Pick<SessionStore, "open">> = () => Promise.reject(elsewhere()),
  ) {
    this.#database = database;
    this.#other = other;
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

  /** @throws NoTokenError they are not on this device */
  async open(tokens: unknown): Promise<TokenRecord> {
    return isTokenRecord(tokens) ? tokens : (await this.#other()).open(tokens);
  }
}

function elsewhere(): NoTokenError {
  return new NoTokenError("the tokens of this session are not on this device");
}

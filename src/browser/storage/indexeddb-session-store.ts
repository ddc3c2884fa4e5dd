import type { UseStore } from "idb-keyval";
import { NoTokenError } from "../../core/errors.ts";
import { isTokenRecord, parseRow } from "../../core/parse-row.ts";
import { readEntry, updateEntry } from "./database.ts";
import { usersKey } from "../../core/keys.ts";
import { rememberedRecord } from "../../core/remembered-record.ts";
import type { SessionChange, SessionRow, SessionStore, TokenRecord } from "../../core/session.ts";

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

/**
 * Keeps the list of a client's people in step with a session, in its transaction. The list is one record, a map by encoded
 * `sub`, because a thousand records take forty times as long to read as one. Made when somebody first lists them.
 */
export function updateList(
  store: IDBObjectStore,
  key: string,
  before: SessionRow | undefined,
  after: SessionRow | undefined,
): void {
  // A refresh changes nothing that is listed.
  if (after && before?.remembered === after.remembered && !before?.end === !after.end) return;
  const record = rememberedRecord(after);
  const [, client = "", sub = ""] = key.split("/");
  const reading: IDBRequest<unknown> = store.get(usersKey(client));
  reading.onsuccess = () => {
    const list = reading.result;
    if (!(list instanceof Map)) return;
    if (record) list.set(sub, record);
    else list.delete(sub);
    store.put(list, usersKey(client));
  };
}

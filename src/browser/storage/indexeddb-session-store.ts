import { get } from "idb-keyval";
import { NoTokenError } from "../../core/errors.ts";
import { isTokenRecord, parseRow } from "../../core/parse-row.ts";
import { updateEntry, type Database } from "./database.ts";
import { usersKey } from "../../core/keys.ts";
import { rememberedRecord } from "../../core/remembered-record.ts";
import type { SessionChange, SessionRow, SessionStore, TokenRecord } from "../../core/session.ts";

/**
 * Stores sessions and their tokens in IndexedDB, without encryption. Each update also updates the list of remembered users.
 */
export class IndexedDBSessionStore implements SessionStore {
  readonly #database: Database;
  readonly #other: () => Promise<Pick<SessionStore, "open">>;

  /**
   * @param other loads a store for tokens that are in the memory of tabs. `open()` uses that store when a session contains an
   * id in place of its tokens. Without `other`, `open()` rejects for such a session.
   */
  constructor(
    database: Database,
    other: () => Promise<Pick<SessionStore, "open">> = () => Promise.reject(elsewhere()),
  ) {
    this.#database = database;
    this.#other = other;
  }

  async get(key: string): Promise<SessionRow | undefined> {
    return parseRow(await get(key, this.#database));
  }

  update(key: string, change: SessionChange): Promise<SessionRow | undefined> {
    return updateEntry(this.#database, key, parseRow, change, updateList);
  }

  seal(record: TokenRecord): Promise<unknown> {
    return Promise.resolve(record);
  }

  /** @throws NoTokenError the tokens are not in this database, and `other` cannot open them */
  async open(tokens: unknown): Promise<TokenRecord> {
    return isTokenRecord(tokens) ? tokens : (await this.#other()).open(tokens);
  }
}

function elsewhere(): NoTokenError {
  return new NoTokenError("the tokens of this session are not stored in IndexedDB");
}

/**
 * Updates the client's list of remembered users after a session has changed from `before` to `after`. `store` belongs to the
 * transaction that changes the session. If there is no list yet, does nothing.
 *
 * The list is a `Map`. The key is the encoded `sub` of a user.
 */
export function updateList(
  store: IDBObjectStore,
  key: string,
  before: SessionRow | undefined,
  after: SessionRow | undefined,
): void {
  const [old, record] = [rememberedRecord(before), rememberedRecord(after)];
  // If neither the profile of the user nor `needsLogin` has changed, the list stays as it is.
  const isSame = before?.remembered === after?.remembered && old?.needsLogin === record?.needsLogin;
  if (after && isSame) return;
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

import { promisifyRequest, type UseStore } from "idb-keyval";
import { StorageError } from "../../core/errors.ts";
import { NO_CHANGE } from "../../core/session.ts";

const DATABASE = "latchkey";
const ENTRIES = "entries/2";
/** Where version 0.1.0 stored its rows. They are deleted unread. */
const OLD_ENTRIES = "entries";

/**
 * What a lost connection rejects with. Nothing of the call has happened then: its transaction was not begun, or was aborted.
 * Safari's "Connection to Indexed Database server lost" is an UnknownError.
 */
const LOST = /^(Abort|InvalidState|NotFound|TransactionInactive|Unknown|Version)Error$/;

/**
 * One database with one object store, for all of idb-keyval's functions. Not idb-keyval's own `createStore`, because a
 * refresh token must be on the disk when a write is called done (`durability: "strict"`), and because no call may hang.
 * Opened at the first use; rejects with a StorageError.
 */
export function createDatabase(timeoutMs = 5_000): UseStore {
  let opening: Promise<IDBDatabase> | undefined;
  /** Each stops a transaction that runs. */
  const live = new Set<() => void>();
  let frozen: Promise<void> | undefined;
  // A page that stands still in the middle of a transaction holds up every other tab's writes. Messages reach it all the same,
  // so whoever hears one and reads must wait.
  const onFreeze = () => {
    live.forEach((stop) => stop());
    frozen ??= new Promise((resolve) => {
      const wake = () => {
        frozen = undefined;
        resolve();
      };
      document.addEventListener("resume", wake, { once: true });
    });
  };

  const connect = (): Promise<IDBDatabase> => {
    // A worker has no document and hears of no freezing.
    if (typeof document === "object") document.addEventListener("freeze", onFreeze);
    const connection = openDatabase(() => drop(connection));
    connection.catch(() => drop(connection));
    return connection;
  };
  /** The next call opens another one. */
  const drop = (connection: Promise<IDBDatabase> | undefined) => {
    if (opening === connection) opening = undefined;
    connection?.then(
      (database) => database.close(),
      () => {},
    );
  };

  const use = async <T>(
    connection: Promise<IDBDatabase>,
    mode: IDBTransactionMode,
    callback: (store: IDBObjectStore) => T | PromiseLike<T>,
    givenUp: AbortSignal,
  ): Promise<T> => {
    const database = await connection;
    if (frozen) await frozen;
    // Its caller was told that it failed: it must not happen after all.
    givenUp.throwIfAborted();
    const transaction = database.transaction(ENTRIES, mode, {
      durability: mode === "readwrite" ? "strict" : "default",
    });
    let isFrozen = false;
    const stop = () => {
      isFrozen = true;
      abort(transaction);
    };
    live.add(stop);
    const giveUp = () => {
      abort(transaction);
      drop(connection);
    };
    try {
      const done = Promise.resolve(callback(transaction.objectStore(ENTRIES)));
      return await inTime(timeoutMs, done, giveUp);
    } catch (error) {
      // Whoever asked decides after the sleep whether it is still wanted.
      throw isFrozen ? new StorageError("the page was frozen", error) : error;
    } finally {
      live.delete(stop);
    }
  };

  return async (mode, callback) => {
    if (frozen) await frozen;
    const late = new AbortController();
    const giveUp = () => {
      late.abort();
      drop(opening);
    };
    try {
      return await inTime(2 * timeoutMs, useTwice(mode, callback, late.signal), giveUp);
    } catch (error) {
      throw error instanceof StorageError ? error : new StorageError("IndexedDB failed", error);
    }
  };

  /** A connection that was lost is dropped, and the call made once more on a new one. */
  async function useTwice<T>(
    mode: IDBTransactionMode,
    callback: (store: IDBObjectStore) => T | PromiseLike<T>,
    givenUp: AbortSignal,
  ): Promise<T> {
    const connection = (opening ??= connect());
    try {
      return await use(connection, mode, callback, givenUp);
    } catch (error) {
      if (!(error instanceof DOMException && LOST.test(error.name))) throw error;
      drop(connection);
      return use((opening ??= connect()), mode, callback, givenUp);
    }
  }
}

/** Opened without a version, so that no open tab can block it. `onLost`: it is of no use any more, or in another's way. */
async function openDatabase(onLost: () => void, version?: number): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, version);
  request.onupgradeneeded = () => {
    const { result } = request;
    const stores = result.objectStoreNames;
    if (stores.contains(OLD_ENTRIES)) result.deleteObjectStore(OLD_ENTRIES);
    if (!stores.contains(ENTRIES)) result.createObjectStore(ENTRIES);
  };
  const database = await promisifyRequest(request);
  if (database.objectStoreNames.contains(ENTRIES)) {
    database.onclose = database.onversionchange = onLost;
    return database;
  }
  // Made by somebody else. The upgrade waits for tabs that have it open, and those of ours close theirs.
  database.close();
  return openDatabase(onLost, database.version + 1);
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // It has finished after all.
  }
}

async function inTime<T>(ms: number, promise: Promise<T>, giveUp: () => void): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new StorageError(`IndexedDB did not answer within ${ms} ms`));
      giveUp();
    }, ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

// idb-keyval's own get() and set() bring its default store along, which nobody here uses.
export function readEntry<T>(use: UseStore, key: string): Promise<T | undefined> {
  return use("readonly", (store) => promisifyRequest<T | undefined>(store.get(key)));
}

export function writeEntry(use: UseStore, key: string, value: unknown): Promise<void> {
  return use("readwrite", (store) => {
    store.put(value, key);
    return promisifyRequest(store.transaction);
  });
}

/** Reads, changes and writes one entry in one transaction. `change` gives the new value, `undefined` to delete it, or `NO_CHANGE`. */
export function updateEntry<T>(
  use: UseStore,
  key: string,
  parse: (value: unknown) => T | undefined,
  change: (before: T | undefined) => T | undefined | typeof NO_CHANGE,
  writeBeside: (
    store: IDBObjectStore,
    key: string,
    before: T | undefined,
    after: T | undefined,
  ) => void = () => {},
): Promise<T | undefined> {
  return use(
    "readwrite",
    (store) =>
      new Promise((resolve, reject) => {
        const reading: IDBRequest<unknown> = store.get(key);
        reading.onerror = () => reject(reading.error);
        reading.onsuccess = () => {
          try {
            const before = parse(reading.result);
            const after = change(before);
            if (after === NO_CHANGE) return resolve(before);
            if (after === undefined) store.delete(key);
            else store.put(after, key);
            writeBeside(store, key, before, after);
            promisifyRequest(store.transaction).then(() => resolve(after), reject);
          } catch (error) {
            reject(error);
            abort(store.transaction);
          }
        };
      }),
  );
}

/** All keys that begin with `prefix`. */
export function within(prefix: string): IDBKeyRange {
  return IDBKeyRange.bound(prefix, `${prefix}\uffff`);
}

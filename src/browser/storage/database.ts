import { promisifyRequest, type UseStore } from "idb-keyval";
import { StorageError } from "../../core/errors.ts";
import { NO_CHANGE } from "../../core/session.ts";

const DATABASE = "latchkey";
const ENTRIES = "entries/2";
/** The object store of an older version of Latchkey. It is deleted, and its rows are not read. */
const OLD_ENTRIES = "entries";

/**
 * The names of the errors that occur when the connection to the database is lost. The transaction that fails with such an
 * error has changed nothing, because the transaction did not begin or was aborted. In Safari, the message
 * "Connection to Indexed Database server lost" has the name `UnknownError`.
 */
const LOST = /^(Abort|InvalidState|NotFound|TransactionInactive|Unknown|Version)Error$/;

/**
 * Returns Latchkey's IndexedDB database, as a `UseStore` for the functions of idb-keyval. The database is opened at the first
 * use. idb-keyval's own `createStore()` is not used, because its calls can hang, and because it does not write with
 * `durability: "strict"`. Only a strict write guarantees that a refresh token is on disk when the write resolves.
 * @throws StorageError from the returned `UseStore`: IndexedDB failed, or did not respond in time
 * @param timeoutMs the maximum time for one transaction. If the connection is lost, the returned `UseStore` repeats the
 * transaction once. One call of the `UseStore` can then take twice this time. Milliseconds. Default: 5,000.
 * @see https://developer.mozilla.org/en-US/docs/Web/API/IDBDatabase/transaction#durability
 * @example
 * const storage = new IndexedDBTokenStorage(createDatabase());
 * await storage.set("report", { accessToken: "…" }, 60_000);
 */
export function createDatabase(timeoutMs = 5_000): UseStore {
  let opening: Promise<IDBDatabase> | undefined;
  /** The functions that abort the running transactions. There is one function for each running transaction. */
  const live = new Set<() => void>();
  let frozen: Promise<void> | undefined;
  // If a page is frozen during a transaction, the transaction would block the writes of all other tabs. So `freeze` aborts all
  // running transactions. Messages that arrive at a frozen page can cause new calls. These calls wait for the `resume` event.
  const onFreeze = () => {
    live.forEach((stop) => stop());
    frozen ??= new Promise((resolve) => {
      const onResume = () => {
        frozen = undefined;
        resolve();
      };
      document.addEventListener("resume", onResume, { once: true });
    });
  };

  const connect = (): Promise<IDBDatabase> => {
    // A worker has no document and gets no `freeze` event.
    if (typeof document === "object") document.addEventListener("freeze", onFreeze);
    const connection = openDatabase(() => drop(connection));
    connection.catch(() => drop(connection));
    return connection;
  };
  /** Closes a connection. The next call opens a new connection. */
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
    // If the whole call has taken too long, the caller has already got an error, and `givenUp` is aborted. A transaction that
    // began now would write after that error.
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
      // `useTwice()` does not repeat a transaction that failed with a `StorageError`. So after a freeze, the caller of the
      // `UseStore` decides whether to call it again.
      throw isFrozen
        ? new StorageError("the page was frozen during an IndexedDB transaction", error)
        : error;
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
      throw error instanceof StorageError
        ? error
        : new StorageError("an IndexedDB transaction failed", error);
    }
  };

  /** Runs a transaction. If the connection is lost, runs the transaction once more on a new connection. */
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

/**
 * Opens the database. If `version` is undefined, IndexedDB opens the existing version, and no other tab can block the request.
 *
 * Calls `onLost` when the browser has closed the connection. Also calls `onLost` when another tab wants to upgrade the
 * database, because the open connection would block the upgrade.
 */
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
  // The database exists, but it has no object store `ENTRIES`. An upgrade to the next version creates the store. The upgrade
  // waits until all other tabs have closed their connections, which Latchkey does in `onversionchange`.
  database.close();
  return openDatabase(onLost, database.version + 1);
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // The transaction has already finished.
  }
}

async function inTime<T>(ms: number, promise: Promise<T>, giveUp: () => void): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new StorageError(`IndexedDB did not respond within ${ms} ms`));
      giveUp();
    }, ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Reads one entry. Latchkey does not import `get()` of idb-keyval, because the bundle would then contain idb-keyval's default
 * store, which Latchkey does not use.
 */
export function readEntry<T>(use: UseStore, key: string): Promise<T | undefined> {
  return use("readonly", (store) => promisifyRequest<T | undefined>(store.get(key)));
}

/** Writes one entry, and resolves when its transaction is complete. */
export function writeEntry(use: UseStore, key: string, value: unknown): Promise<void> {
  return use("readwrite", (store) => {
    store.put(value, key);
    return promisifyRequest(store.transaction);
  });
}

/**
 * Reads, changes and writes one entry in one transaction. Resolves with the value that is stored after the transaction.
 * - `parse` validates the stored value.
 * - `change` gets the parsed value. It returns the new value, `undefined` to delete the entry, or `NO_CHANGE` to write
 *   nothing.
 * - `writeBeside` can write other entries in the same transaction. If `change` returned `NO_CHANGE`, it is not called.
 */
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

/** Returns the range of all keys that begin with `prefix`. */
export function within(prefix: string): IDBKeyRange {
  return IDBKeyRange.bound(prefix, `${prefix}\uffff`);
}

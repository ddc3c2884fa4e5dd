import { promisifyRequest, type UseStore } from "idb-keyval";
import { StorageError } from "../../core/errors.ts";
import { NO_CHANGE } from "../../core/session.ts";

const DATABASE = "latchkey";
const ENTRIES = "entries/2";
/** The object store of rows in an old format. It is deleted unread. */
const OLD_ENTRIES = "entries";

/**
 * Names of the errors that a lost connection causes. The call has changed nothing then: its transaction did not begin, or
 * was aborted. Safari's "Connection to Indexed Database server lost" is an UnknownError.
 */
const LOST = /^(Abort|InvalidState|NotFound|TransactionInactive|Unknown|Version)Error$/;

/**
 * Returns Latchkey's IndexedDB database, as a `UseStore` for the functions of idb-keyval. Opens the database at the first use.
 * It is not idb-keyval's `createStore`: a refresh token must be on disk when a write resolves (`durability: "strict"`), and no
 * call may hang.
 * @throws StorageError from the calls of the `UseStore`: IndexedDB failed, or did not respond in time
 * @param timeoutMs time limit of one transaction; a call with a repetition gets twice that time. Milliseconds; default: 5,000.
 * @see https://developer.mozilla.org/en-US/docs/Web/API/IDBDatabase/transaction#durability
 * @example
 * const storage = new IndexedDBTokenStorage(createDatabase());
 * await storage.set("report", { accessToken: "…" }, 60_000);
 */
export function createDatabase(timeoutMs = 5_000): UseStore {
  let opening: Promise<IDBDatabase> | undefined;
  /** One function per running transaction, which aborts it. */
  const live = new Set<() => void>();
  let frozen: Promise<void> | undefined;
  // A transaction of a frozen page blocks the writes of all other tabs, so it is aborted. Messages still reach a frozen page,
  // so calls that begin there wait for `resume`.
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
  /** Closes the connection. The next call opens a new one. */
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
    // The call has already rejected, so its transaction must not begin.
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
      // After `resume`, the caller decides whether to repeat the call.
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

  /** Repeats the call once, on a new connection, when the connection is lost. */
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
 * Opens the database without a version, so that no open tab can block the request. `onLost` runs when the connection has
 * closed, or blocks an upgrade by another tab.
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
  // The database exists without our object store. The upgrade waits for other connections; Latchkey's tabs close theirs.
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

/** Reads one entry. idb-keyval's own `get()` would bundle its default store, which Latchkey does not use. */
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
 * Reads, changes and writes one entry in one transaction. `change` returns the new value, `undefined` to delete the entry, or
 * `NO_CHANGE`. `writeBeside` can write other entries in the same transaction. Returns the value after the change.
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

/** The range of all keys that begin with `prefix`. */
export function within(prefix: string): IDBKeyRange {
  return IDBKeyRange.bound(prefix, `${prefix}\uffff`);
}

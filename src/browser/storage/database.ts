import { promisifyRequest } from "idb-keyval";
import { StorageError } from "../../core/errors.ts";
import { NO_CHANGE } from "../../core/session.ts";

const DATABASE = "latchkey";
const ENTRIES = "entries/2";
/** The name of an old object store. `openDatabase()` deletes the object store with this name. */
const OLD_ENTRIES = "entries";

/**
 * The names of the errors that mean a lost connection to the database. A transaction that fails with such an error has changed
 * nothing. Safari uses the name `UnknownError`.
 */
const LOST = /^(Abort|InvalidState|NotFound|TransactionInactive|Unknown|Version)Error$/;

/**
 * A key-value database. Runs `use` in one transaction. The functions of idb-keyval accept a `Database` as their store.
 * @example
 * const entries = await createDatabase()("readonly", (store) => store.transaction.objectStoreNames.length);
 */
export interface Database {
  <T>(mode: IDBTransactionMode, use: (store: IDBObjectStore) => T | PromiseLike<T>): Promise<T>;
  /** Keeps the connection open between transactions. A new `Database` does so. */
  open?(): void;
  /** Closes the connection after the running transactions. From then on, each transaction opens a connection and closes it. */
  close?(): void;
}

/**
 * Returns a `Database` for Latchkey's IndexedDB database. The functions of idb-keyval accept a `Database`. The first use opens
 * the database.
 *
 * Every write has `durability: "strict"`, so the data is on disk when the write resolves.
 * @throws StorageError IndexedDB failed, or did not respond in time. The returned `Database` throws this error
 * @param timeoutMs the maximum time for one transaction. If the connection is lost, the `Database` repeats the transaction
 * once, and one call can take twice this time. Milliseconds. Default: 5,000.
 * @see https://developer.mozilla.org/en-US/docs/Web/API/IDBDatabase/transaction#durability
 * @example
 * const storage = new IndexedDBTokenStorage(createDatabase());
 * await storage.set("report", { accessToken: "…" }, 60_000);
 */
export function createDatabase(timeoutMs = 5_000): Database {
  let opening: Promise<IDBDatabase> | undefined;
  /** One function for each running transaction. The function aborts the transaction. */
  const live = new Set<() => void>();
  let frozen: Promise<void> | undefined;
  let isKept = true;
  let calls = 0;
  // A transaction of a frozen page would block the writes of all other tabs. So the `freeze` event aborts all running
  // transactions. New calls wait for the `resume` event.
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
    // If `givenUp` is aborted, the caller has already got a timeout error. No transaction is allowed to start after this error.
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
      // A `StorageError` tells `useTwice()` not to repeat the transaction.
      throw isFrozen
        ? new StorageError("the page was frozen during an IndexedDB transaction", error)
        : error;
    } finally {
      live.delete(stop);
    }
  };

  const closeUnused = () => {
    if (isKept || calls > 0) return;
    drop(opening);
    if (typeof document === "object") document.removeEventListener("freeze", onFreeze);
  };

  const run: Database = async (mode, callback) => {
    calls++;
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
    } finally {
      calls--;
      closeUnused();
    }
  };
  return Object.assign(run, {
    open: () => {
      isKept = true;
    },
    close: () => {
      isKept = false;
      closeUnused();
    },
  });

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
 * Opens the database. If the object store `ENTRIES` is missing, creates the object store.
 *
 * Calls `onLost` in two cases: the browser has closed the connection, or another tab wants to upgrade the database. An open
 * connection would block the upgrade.
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
  // The database exists, but it has no object store `ENTRIES`. An upgrade to the next version creates the object store.
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
 * Reads, changes and writes one entry in one transaction. Resolves with the value that is stored after the transaction.
 * - `parse` validates the stored value.
 * - `change` gets the parsed value and returns the new value. `undefined` deletes the entry. `NO_CHANGE` writes nothing.
 * - `writeBeside` can write other entries in the same transaction. After `NO_CHANGE`, `writeBeside` is not called.
 */
export function updateEntry<T>(
  use: Database,
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

import { promisifyRequest, type UseStore } from "idb-keyval";
import { StorageError } from "../core/errors.ts";
import { KEEP } from "../core/session.ts";

const DATABASE = "latchkey";
const ENTRIES = "entries";

/**
 * One database with one object store, for all of idb-keyval's functions. Not idb-keyval's own `createStore`, because a
 * refresh token must be on the disk when a write is called done (`durability: "strict"`), and because no call may hang.
 * Opened at the first use; rejects with a StorageError.
 */
export function createDatabase(timeoutMs = 5_000): UseStore {
  let opening: Promise<IDBDatabase> | undefined;
  const live = new Set<IDBTransaction>();
  let asleep: Promise<void> | undefined;
  // A page that stands still in the middle of a transaction holds up every other tab's writes. Messages reach it all the same,
  // so whoever hears one and reads must wait.
  const onFreeze = () => {
    live.forEach(abort);
    asleep ??= new Promise((resolve) => {
      const wake = () => {
        asleep = undefined;
        resolve();
      };
      document.addEventListener("resume", wake, { once: true });
    });
  };

  const open = (): Promise<IDBDatabase> => {
    // A worker has no document and hears of no freezing.
    if (typeof document === "object") document.addEventListener("freeze", onFreeze);
    // Without a version, so that no open tab can block a new one.
    const request = indexedDB.open(DATABASE);
    request.onupgradeneeded = () => request.result.createObjectStore(ENTRIES);
    const opened = promisifyRequest(request);
    opened.then(
      (database) => {
        if (opening !== opened) return database.close();
        database.onclose = forget;
        database.onversionchange = () => {
          database.close();
          forget();
        };
      },
      () => forget(),
    );
    return opened;
  };
  const forget = () => {
    opening = undefined;
  };

  const use = async <T>(
    mode: IDBTransactionMode,
    callback: (store: IDBObjectStore) => T | PromiseLike<T>,
    givenUp: AbortSignal,
  ): Promise<T> => {
    const database = await (opening ??= open());
    if (asleep) await asleep;
    // Its caller was told that it failed: it must not happen after all.
    givenUp.throwIfAborted();
    const transaction = database.transaction(ENTRIES, mode, {
      durability: mode === "readwrite" ? "strict" : "default",
    });
    live.add(transaction);
    const done = Promise.resolve(callback(transaction.objectStore(ENTRIES)));
    return inTime(timeoutMs, done, () => abort(transaction)).finally(() =>
      live.delete(transaction),
    );
  };

  return async (mode, callback) => {
    if (asleep) await asleep;
    const late = new AbortController();
    const giveUp = () => {
      late.abort();
      forget();
    };
    try {
      return await inTime(2 * timeoutMs, useOnce(mode, callback, late.signal), giveUp);
    } catch (error) {
      throw error instanceof StorageError ? error : new StorageError("IndexedDB failed", error);
    }
  };

  async function useOnce<T>(
    mode: IDBTransactionMode,
    callback: (store: IDBObjectStore) => T | PromiseLike<T>,
    givenUp: AbortSignal,
  ): Promise<T> {
    try {
      return await use(mode, callback, givenUp);
    } catch (error) {
      // The browser was closing the connection and had not said so yet: nothing has run, so once more on a new one.
      if (!(error instanceof DOMException && error.name === "InvalidStateError")) throw error;
      forget();
      return use(mode, callback, givenUp);
    }
  }
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

/** Reads, changes and writes one entry in one transaction. `change` gives the new value, `undefined` to delete it, or `KEEP`. */
export function updateEntry<T>(
  use: UseStore,
  key: string,
  parse: (value: unknown) => T | undefined,
  change: (before: T | undefined) => T | undefined | typeof KEEP,
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
            if (after === KEEP) return resolve(before);
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

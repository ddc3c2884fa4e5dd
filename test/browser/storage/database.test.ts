import { get, set, type UseStore } from "idb-keyval";
import { afterEach, expect, test, vi } from "vitest";
import { createDatabase } from "../../../src/browser/storage/database.ts";
import { StorageError } from "../../../src/core/errors.ts";
import { createAuth } from "../../../src/compose/create-auth.ts";

/** Lost connections, and databases that Latchkey did not create. */

const open = indexedDB.open.bind(indexedDB);
let name = "";
let opened = 0;

/** From now on, every `indexedDB.open()` opens a database of this test only. */
function alone(): void {
  name = `broken-${crypto.randomUUID()}`;
  opened = 0;
  vi.spyOn(indexedDB, "open").mockImplementation((_, version) => {
    opened++;
    return open(name, version);
  });
}

afterEach(() => {
  vi.restoreAllMocks();
  if (name) indexedDB.deleteDatabase(name);
});

/** Creates the database without our object store, as another script would. */
function makeEmpty(version?: number): Promise<IDBDatabase> {
  const request = open(name, version);
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function worksIn(database: UseStore): Promise<void> {
  const value = crypto.randomUUID();
  await set("key", value, database);
  expect(await get("key", database)).toBe(value);
}

const failure = (kind: string) => new DOMException("simulated by the test", kind);

/** Makes the next `times` transactions throw. */
function breakConnections(kind: string, times: number): void {
  const transaction = Reflect.get(IDBDatabase.prototype, "transaction");
  let remaining = times;
  vi.spyOn(IDBDatabase.prototype, "transaction").mockImplementation(function (
    this: IDBDatabase,
    ...given: Parameters<IDBDatabase["transaction"]>
  ) {
    if (remaining-- > 0) throw failure(kind);
    return Reflect.apply<IDBDatabase, typeof given, IDBTransaction>(transaction, this, given);
  });
}

test("A12: creates the object store in a database that another script created", async () => {
  alone();
  (await makeEmpty()).close();
  await worksIn(createDatabase());
  await worksIn(createDatabase());
});

test("A12: creates the object store in a database of a later version, in many tabs at once", async () => {
  alone();
  (await makeEmpty(7)).close();
  const tabs = Array.from({ length: 8 }, () => createDatabase());
  await Promise.all(tabs.map((tab) => set("shared", "value", tab)));
  for (const tab of tabs) expect(await get("shared", tab)).toBe("value");
});

test("A12: creates the object store after an interrupted upgrade", async () => {
  alone();
  const request = open(name, 3);
  await new Promise((resolve) => {
    request.onupgradeneeded = () => request.transaction!.abort();
    request.onerror = resolve;
  });
  await worksIn(createDatabase());
});

test("A12: rejects in time while another connection blocks the upgrade, and works afterwards", async () => {
  alone();
  const other = await makeEmpty();
  const database = createDatabase(200);
  const begun = performance.now();
  await expect(set("key", 1, database)).rejects.toBeInstanceOf(StorageError);
  expect(performance.now() - begun).toBeLessThan(2_000);
  other.close();
  await worksIn(database);
});

test("A12: does not block an upgrade by another script", async () => {
  alone();
  const database = createDatabase();
  await worksIn(database);
  (await makeEmpty(9)).close();
  await worksIn(database);
});

test.for(["UnknownError", "InvalidStateError", "AbortError", "TransactionInactiveError"])(
  "A12: repeats a call that throws %s on a new connection",
  async (kind) => {
    alone();
    const database = createDatabase();
    await worksIn(database);
    const close = vi.spyOn(IDBDatabase.prototype, "close");
    opened = 0;
    breakConnections(kind, 1);
    await worksIn(database);
    expect(opened).toBe(1);
    await vi.waitFor(() => expect(close).toHaveBeenCalledTimes(1));
  },
);

test("A12: rejects after one new connection per call while all throw UnknownError, and works afterwards", async () => {
  alone();
  const database = createDatabase();
  await worksIn(database);
  opened = 0;
  breakConnections("UnknownError", 6);
  for (let calls = 1; calls <= 3; calls++) {
    await expect(get("key", database)).rejects.toMatchObject({ code: "storage", retryable: true });
    expect(opened).toBe(calls);
  }
  await worksIn(database);
});

test("A12: repeats a request when the connection to the database server was lost", async () => {
  alone();
  const database = createDatabase();
  await set("key", "value", database);
  // As in Safari: the request and all others on this connection fail.
  vi.spyOn(IDBObjectStore.prototype, "get").mockImplementationOnce(() => {
    const request = {} as IDBRequest;
    const error = new DOMException("Connection to Indexed Database server lost.", "UnknownError");
    queueMicrotask(() => {
      Object.assign(request, { error });
      request.onerror?.(new Event("error"));
    });
    return request;
  });
  expect(await get("key", database)).toBe("value");
});

test("A12: repeats an open that fails, and keeps stored values when the disk is full", async () => {
  alone();
  const database = createDatabase();
  await set("key", "value", database);
  vi.spyOn(indexedDB, "open").mockImplementationOnce(() => {
    throw failure("UnknownError");
  });
  const late = createDatabase();
  expect(await get("key", late)).toBe("value");
  vi.spyOn(IDBObjectStore.prototype, "put").mockImplementationOnce(() => {
    throw failure("QuotaExceededError");
  });
  await expect(set("key", "other", late)).rejects.toMatchObject({
    code: "storage",
    cause: expect.objectContaining({ name: "QuotaExceededError" }),
  });
  expect(await get("key", late)).toBe("value");
});

test("A12: publishes the error of a store that fails, and recovers with the store", async () => {
  alone();
  // An idle page would use the store, too.
  vi.spyOn(window, "requestIdleCallback").mockReturnValue(0);
  breakConnections("UnknownError", 4);
  const auth = createAuth({
    issuer: "https://id.example",
    clientId: "broken",
    redirectUri: "/callback",
  });
  await vi.waitFor(() =>
    expect(auth.state).toMatchObject({ status: "anonymous", error: { code: "storage" } }),
  );
  const ask = () => auth.getToken({ prompt: "none" });
  await expect(ask()).rejects.toMatchObject({ code: "storage" });
  await expect(ask()).rejects.toMatchObject({ code: "no_token" });
  expect(auth.state).toMatchObject({ status: "anonymous" });
  auth.dispose();
});

import { entries, set as setEntry } from "idb-keyval";
import { expect, test, vi } from "vitest";
import { createDatabase } from "../../../src/browser/storage/database.ts";
import { IndexedDBTokenStorage } from "../../../src/browser/storage/indexeddb-token-storage.ts";
import { WebTokenStorage } from "../../../src/browser/storage/web-token-storage.ts";
import { ManualClock } from "../../../src/testing.ts";
import {
  describeTokenStorage,
  type StorageUnderTest,
} from "../../support/token-storage-contract.ts";

let n = 0;
/** Each call gets its own prefix, because all tests share the database of the origin. */
function inIndexedDB(): StorageUnderTest {
  const clock = new ManualClock();
  const database = createDatabase();
  const own = `${++n},`;
  const mine = async () =>
    (await entries(database)).filter(([key]) =>
      (key as string).startsWith(`latchkey/storage/${encodeURIComponent(own)}`),
    );
  return {
    open: (prefix) => new IndexedDBTokenStorage(database, { prefix: own + prefix, clock }),
    addMs: (ms) => clock.advance(ms),
    dump: async () => JSON.stringify(await mine()),
    damage: async () => {
      for (const [key] of await mine()) await setEntry(key, "damaged", database);
    },
  };
}

const inWebStorage = (storage: Storage) => (): StorageUnderTest => {
  const clock = new ManualClock();
  storage.clear();
  return {
    open: (prefix) => new WebTokenStorage(() => storage, { prefix, clock }),
    addMs: (ms) => clock.advance(ms),
    dump: async () => JSON.stringify(Object.entries(storage)),
    damage: async () => Object.keys(storage).forEach((key) => storage.setItem(key, '{"damaged')),
  };
};

describeTokenStorage("IndexedDBTokenStorage", inIndexedDB);
describeTokenStorage("WebTokenStorage in localStorage", inWebStorage(localStorage));
describeTokenStorage("WebTokenStorage in sessionStorage", inWebStorage(sessionStorage));

test("clear() deletes no foreign entries and no sessions, with any prefix", async () => {
  const database = createDatabase();
  await setEntry("session/someone", "row", database);
  localStorage.clear();
  localStorage.setItem("theirs", "t");
  const storages = [
    new IndexedDBTokenStorage(database),
    new IndexedDBTokenStorage(database, { prefix: "" }),
    new WebTokenStorage(() => localStorage, { prefix: "" }),
  ];
  for (const storage of storages) {
    await storage.set("k", 1);
    await storage.clear();
    expect(await storage.exists("k")).toBe(false);
  }
  expect(new Map(await entries(database)).get("session/someone")).toBe("row");
  expect(localStorage.getItem("theirs")).toBe("t");
});

test("a record of another shape counts as missing and is deleted", async () => {
  localStorage.clear();
  const storage = new WebTokenStorage(() => localStorage);
  await storage.set("k", 1);
  const [name] = Object.keys(localStorage);
  for (const text of ["null", "7", '"text"', "[]", '{"value":1,"until":"soon"}', "{}"]) {
    localStorage.setItem(name!, text);
    expect([text, await storage.get("k")]).toEqual([text, undefined]);
    expect(localStorage.getItem(name!)).toBeNull();
  }
});

test("rejects with a StorageError when the storage is full, and keeps the stored value", async () => {
  sessionStorage.clear();
  const storage = new WebTokenStorage(() => sessionStorage);
  await storage.set("k", "before");
  const error = await storage.set("k", "x".repeat(20_000_000)).catch((error: unknown) => error);
  expect(error).toMatchObject({ code: "storage", cause: { name: "QuotaExceededError" } });
  expect(String((error as Error).cause)).not.toContain("xxx");
  expect(await storage.get("k")).toBe("before");
});

test("rejects with a StorageError when the storage is blocked", async () => {
  const blocked = new WebTokenStorage(() => {
    throw new DOMException("The operation is insecure.", "SecurityError");
  });
  for (const work of [
    blocked.get("k"),
    blocked.set("k", 1),
    blocked.delete("k"),
    blocked.exists("k"),
    blocked.clear(),
  ]) {
    await expect(work).rejects.toMatchObject({ code: "storage" });
  }
});

test("a browser that blocks localStorage throws when the global is read", async () => {
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts");
  frame.srcdoc = `<script>
    try { localStorage; parent.postMessage("open", "*") } catch (error) { parent.postMessage(error.name, "*") }
  </script>`;
  const message = new Promise<unknown>((resolve) => {
    addEventListener("message", ({ data, source }) => {
      if (source === frame.contentWindow) resolve(data);
    });
  });
  document.body.append(frame);
  expect(await message).toBe("SecurityError");
  frame.remove();
});

test("rejects with a StorageError when IndexedDB fails", async () => {
  vi.spyOn(indexedDB, "open").mockImplementation(() => {
    throw new DOMException("blocked", "SecurityError");
  });
  const storage = new IndexedDBTokenStorage(createDatabase());
  for (const work of [
    storage.get("k"),
    storage.set("k", 1),
    storage.delete("k"),
    storage.exists("k"),
    storage.clear(),
  ]) {
    await expect(work).rejects.toMatchObject({ code: "storage" });
  }
  vi.restoreAllMocks();
});

test("does not delete a damaged record that another tab has replaced meanwhile", async () => {
  const database = createDatabase();
  const prefix = `race,${++n}`;
  const [a, b] = [
    new IndexedDBTokenStorage(database, { prefix }),
    new IndexedDBTokenStorage(database, { prefix }),
  ];
  await a.set("k", "old");
  const key = `latchkey/storage/${encodeURIComponent(prefix)}/k`;
  await setEntry(key, "damaged", database);
  const [read] = await Promise.all([a.get("k"), b.set("k", "new")]);
  expect([undefined, "new"]).toContain(read);
  expect(await a.get("k")).toBe("new");
});

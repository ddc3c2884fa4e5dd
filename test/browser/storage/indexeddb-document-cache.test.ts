import { set } from "idb-keyval";
import { expect, test } from "vitest";
import { createDatabase } from "../../../src/browser/storage/database.ts";
import { IndexedDBDocumentCache } from "../../../src/browser/storage/indexeddb-document-cache.ts";

const setUp = () => {
  const database = createDatabase();
  const key = `test/${crypto.randomUUID()}`;
  return { database, key, cache: new IndexedDBDocumentCache(database) };
};

test("keeps a document for the next page load", async () => {
  const { cache, key } = setUp();
  const entry = { document: { issuer: "https://id.example" }, readAt: 5, failedUrl: "https://x" };
  expect(await cache.get(key)).toBeUndefined();
  expect(await cache.update(key, () => entry)).toEqual(entry);
  expect(await new IndexedDBDocumentCache(createDatabase()).get(key)).toEqual(entry);
});

test("applies the concurrent changes of several tabs", async () => {
  const { cache, key } = setUp();
  await cache.update(key, () => ({ document: 0, readAt: 0 }));
  const tabs = Array.from({ length: 5 }, () => new IndexedDBDocumentCache(createDatabase()));
  await Promise.all(
    tabs.map((tab) => tab.update(key, (before) => ({ ...before!, readAt: before!.readAt + 1 }))),
  );
  expect(await cache.get(key)).toMatchObject({ readAt: 5 });
});

test("a change that returns its argument neither writes nor deletes", async () => {
  const { cache, key } = setUp();
  expect(await cache.update(key, (before) => before)).toBeUndefined();
  const entry = { document: 0, readAt: 1 };
  await cache.update(key, () => entry);
  expect(await cache.update(key, (before) => before)).toEqual(entry);
  expect(await cache.get(key)).toEqual(entry);
});

test.each([
  ["text"],
  [null],
  [7],
  [{ document: {} }],
  [{ document: {}, readAt: "today" }],
  [{ document: {}, readAt: NaN }],
])("a damaged record counts as missing: %j", async (record) => {
  const { cache, database, key } = setUp();
  await set(`document/${key}`, record, database);
  expect(await cache.get(key)).toBeUndefined();
  expect(await cache.update(key, (before) => before ?? { document: 1, readAt: 1 })).toEqual({
    document: 1,
    readAt: 1,
  });
});

test("omits damaged members", async () => {
  const { cache, database, key } = setUp();
  const record = { document: {}, readAt: 1, failedUrl: 7, recheckedAt: 2, pauseMs: Infinity };
  await set(`document/${key}`, record, database);
  expect(await cache.get(key)).toEqual({ document: {}, readAt: 1 });
});

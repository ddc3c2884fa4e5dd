import type { CachedDocument, DocumentCache } from "../../src/core/document-cache.ts";

export interface TestDocuments extends DocumentCache {
  readonly entries: Map<string, CachedDocument>;
  /** When set, every call rejects with this error. */
  failure: Error | undefined;
}

/** The documents that the tabs of one browser share. */
export function testDocuments(): TestDocuments {
  const entries = new Map<string, CachedDocument>();
  const documents: TestDocuments = {
    entries,
    failure: undefined,
    async get(key) {
      if (documents.failure) throw documents.failure;
      return entries.get(key);
    },
    async update(key, change) {
      if (documents.failure) throw documents.failure;
      const after = change(entries.get(key));
      if (after) entries.set(key, after);
      return after;
    },
  };
  return documents;
}

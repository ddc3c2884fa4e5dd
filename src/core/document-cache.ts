/**
 * A stored document of an authorization server, such as its metadata, with data that shows when to fetch the document again.
 */
export interface CachedDocument {
  /** The document as the server sent it. The stored document is not validated. */
  readonly document: unknown;
  /** When the document was fetched from the server. Milliseconds since the epoch. */
  readonly readAt: number;
  /** The URL of an endpoint that has failed since `readAt`. Absent if no endpoint has failed. */
  readonly failedUrl?: string;
  /** When a tab last tried to fetch the document again. Milliseconds since the epoch. */
  readonly recheckedAt?: number;
  /** The pause between `recheckedAt` and the next attempt to fetch the document. Milliseconds. */
  readonly pauseMs?: number;
}

/** Stores documents of authorization servers for all tabs. If the store fails, each method rejects with a `StorageError`. */
export interface DocumentCache {
  get(key: string): Promise<CachedDocument | undefined>;
  /**
   * Reads, changes and writes one document in one transaction. If `change` returns its argument, nothing is written. Returns
   * the document after the transaction.
   */
  update(
    key: string,
    change: (before: CachedDocument | undefined) => CachedDocument | undefined,
  ): Promise<CachedDocument | undefined>;
}

/** Returns `value` as a `CachedDocument`, or undefined if the record is damaged. The member `document` is not validated. */
export function parseCachedDocument(value: unknown): CachedDocument | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { document, readAt, failedUrl, recheckedAt, pauseMs } = value as Record<string, unknown>;
  if (!isTime(readAt)) return undefined;
  return {
    document,
    readAt,
    ...(typeof failedUrl === "string" && { failedUrl }),
    ...(isTime(recheckedAt) && isTime(pauseMs) && { recheckedAt, pauseMs }),
  };
}

function isTime(value: unknown): value is number {
  return Number.isFinite(value);
}

/**
 * A stored document of an authorization server, such as its metadata. The other members help tabs decide when to fetch the
 * document again.
 */
export interface CachedDocument {
  /** The document as the server sent it. Each reader of the cache validates the document again. */
  readonly document: unknown;
  /** When the document was fetched from the server. Milliseconds since the epoch. */
  readonly readAt: number;
  /** The URL of an endpoint that has failed since the document was fetched. Absent if no endpoint has failed. */
  readonly failedUrl?: string;
  /** When a tab last tried to fetch a newer document. Milliseconds since the epoch. */
  readonly recheckedAt?: number;
  /** After `recheckedAt`, tabs wait this long before they try again to fetch a newer document. Milliseconds. */
  readonly pauseMs?: number;
}

/** Stores documents of authorization servers for all tabs. Every method rejects with a `StorageError` when the store fails. */
export interface DocumentCache {
  get(key: string): Promise<CachedDocument | undefined>;
  /**
   * Reads, changes and writes one document in one transaction. Nothing is written when `change` returns its argument.
   * Returns the document after the transaction.
   */
  update(
    key: string,
    change: (before: CachedDocument | undefined) => CachedDocument | undefined,
  ): Promise<CachedDocument | undefined>;
}

/** Validates a stored `CachedDocument`, but not its `document`. Returns undefined for a damaged record. */
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

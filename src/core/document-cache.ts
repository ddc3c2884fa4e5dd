/** A document of the authorization server, such as its metadata, and what happened since it was read. */
export interface CachedDocument {
  /** The document as the server sent it. Every reader validates it again. */
  readonly document: unknown;
  /** When the document was read from the network. Milliseconds since the epoch. */
  readonly readAt: number;
  /** The URL in the document that has failed as an endpoint since then. */
  readonly failedUrl?: string;
  /** When a tab last tried to read the document again. Milliseconds since the epoch. */
  readonly recheckedAt?: number;
  /** The pause after `recheckedAt` in which no tab tries again. Milliseconds. */
  readonly pauseMs?: number;
}

/** Documents of authorization servers, shared by all tabs. Every method rejects with a `StorageError` when the store fails. */
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

/** Parses a stored document. Returns undefined when the record is damaged. */
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

import type { ServerMetadata } from "../core/authorization-server.ts";
import { shared } from "../core/lazy.ts";
import type { Clock } from "../core/ports.ts";
import { fetchMetadata, parseMetadata } from "./discovery.ts";
import type { HttpOptions } from "./token/http.ts";
import type { CachedDocument, DocumentCache } from "../core/document-cache.ts";

/** Supplies the metadata for the next request. */
export interface MetadataSource {
  /**
   * Returns the newest document that this browser has read. The document is fetched again when it is older than a day or
   * than `maxAgeMs`, or when one of its endpoints failed. While no newer document can be fetched, the older one is used.
   * @throws DiscoveryError there is no older document, and the server published no valid one
   * @throws NetworkError there is no older document, and no response
   */
  load(maxAgeMs?: number): Promise<ServerMetadata>;
  /** Takes over documents that other tabs have read. Uses no network. */
  sync(): Promise<void>;
  /** Returns the document for a request in the same task. Undefined when `renew()` must be called first. */
  current(): ServerMetadata | undefined;
  /**
   * Fetches the document, unless another tab has just done so.
   * @throws DiscoveryError the server published no valid document
   * @throws NetworkError no response
   */
  renew(): Promise<ServerMetadata>;
  /** Returns the endpoint that failed since the document was read, if any. */
  failedUrl(): string | undefined;
  /** Reports a failed endpoint. If the document names `url`, the document is fetched again before its next use. */
  reportFailure(url: string): void;
}

/** Configuration of `createMetadataSource()`. */
export interface MetadataSourceConfig {
  readonly issuer: string;
  readonly clock: Pick<Clock, "now">;
  /** Shares the document with other tabs and page loads. Default: in memory only. */
  readonly documents?: DocumentCache | undefined;
  readonly http: HttpOptions;
}

/**
 * Creates the source of the metadata that the issuer publishes.
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
 */
export function createMetadataSource(config: MetadataSourceConfig): MetadataSource {
  const { issuer, clock, documents, http } = config;
  const key = `metadata/${issuer}`;
  let known: { entry: CachedDocument; metadata: ServerMetadata } | undefined;
  let reading: Promise<ServerMetadata> | undefined;

  /** Uses a cached document if it is newer than the known one. It is validated like a document from the network. */
  function take(cached: CachedDocument | undefined): void {
    if (!cached) return;
    const entry = dated(cached, clock.now());
    const age = known ? entry.readAt - known.entry.readAt : 1;
    if (age === 0) known = { ...known!, entry: { ...known!.entry, ...entry } };
    if (age <= 0) return;
    try {
      known = { entry, metadata: parseMetadata(entry.document, issuer) };
    } catch {
      // A damaged document counts as none.
    }
  }

  /** Changes the entry of the known document, here and in the cache that all tabs share. */
  async function note(change: (entry: CachedDocument) => CachedDocument): Promise<void> {
    if (!known) return;
    const { readAt } = known.entry;
    known = { ...known, entry: change(known.entry) };
    take(
      await documents
        ?.update(key, (before) => (before?.readAt === readAt ? change(before) : before))
        .catch(() => undefined),
    );
  }

  /** Only one tab rechecks a suspect document. The other tabs use the document meanwhile. */
  async function mayRead(entry: CachedDocument): Promise<boolean> {
    const now = clock.now();
    if (!isSuspect(entry, now)) return true;
    let isOurs = false;
    await note((before) => {
      isOurs = isDue(before, now);
      return isOurs ? rechecked(before, now) : before;
    });
    return isOurs && known?.entry.readAt === entry.readAt;
  }

  async function read(): Promise<ServerMetadata> {
    const before = known;
    if (before && !(await mayRead(before.entry))) return known!.metadata;
    const document = await fetchMetadata(issuer, http);
    const metadata = parseMetadata(document, issuer);
    const { failedUrl, recheckedAt, pauseMs } = known?.entry ?? {};
    const entry: CachedDocument = {
      document,
      readAt: clock.now(),
      // The pause stays, so that an endpoint that keeps failing does not cause a request each time.
      ...(failedUrl && recheckedAt !== undefined && { recheckedAt, pauseMs: pauseMs! }),
    };
    known = { entry, metadata };
    documents
      ?.update(key, (other) =>
        other && dated(other, entry.readAt).readAt > entry.readAt ? other : entry,
      )
      .catch(() => {});
    return metadata;
  }

  const renew = () => (reading ??= read().finally(() => (reading = undefined)));
  const sync = async () => take(await documents?.get(key).catch(() => undefined));
  const current = () => (known && isCurrent(known.entry, clock.now()) ? known.metadata : undefined);

  return {
    async load(maxAgeMs = Infinity) {
      await sync();
      const metadata = current();
      if (metadata && clock.now() - known!.entry.readAt < maxAgeMs) return metadata;
      try {
        return await renew();
      } catch (error) {
        if (known) return known.metadata;
        throw error;
      }
    },
    sync,
    current,
    renew,
    failedUrl: () => known?.entry.failedUrl,
    reportFailure(url) {
      if (!known || !Object.values(known.metadata).includes(url)) return;
      note((entry) => ({ ...entry, failedUrl: url })).catch(() => {});
    },
  };
}

/** Creates the source of configured endpoints. They are never fetched and never replaced. */
export function configuredMetadata(make: () => Promise<ServerMetadata>): MetadataSource {
  let made: ServerMetadata | undefined;
  const load = shared(async () => (made = await make()));
  return {
    load: () => load(),
    sync: async () => void (await load()),
    current: () => made,
    renew: load,
    failedUrl: () => undefined,
    reportFailure: () => {},
  };
}

/** Maximum age of a document that counts as current. Milliseconds. */
const MAX_AGE_MS = 86_400_000;
/** Maximum age of a document for a navigation, because no code sees whether a navigation fails. Milliseconds. */
export const NAVIGATION_AGE_MS = 600_000;
/** The first pause after a recheck. Each recheck that follows soon doubles the pause. Milliseconds. */
const PAUSE_MS = 30_000;
const MAX_PAUSE_MS = 120_000;

/** True when a request may use the document without a recheck. */
export function isCurrent(document: CachedDocument, now: number): boolean {
  return !isSuspect(document, now) || !isDue(document, now);
}

/** True when the server may have published another document since. */
export function isSuspect({ readAt, failedUrl }: CachedDocument, now: number): boolean {
  return failedUrl !== undefined || now - readAt >= MAX_AGE_MS;
}

/** True when the pause since the last recheck by any tab has passed. A recheck in the future comes from a wrong clock. */
export function isDue({ recheckedAt = 0, pauseMs = 0 }: CachedDocument, now: number): boolean {
  return now >= recheckedAt + Math.min(pauseMs, MAX_PAUSE_MS) || recheckedAt > now;
}

/** Returns the document as a tab stores it before it rechecks the document. */
export function rechecked(document: CachedDocument, now: number): CachedDocument {
  const { recheckedAt = 0, pauseMs = 0 } = document;
  const isOngoing = now - recheckedAt < 2 * MAX_PAUSE_MS;
  const doubled = isOngoing ? Math.min(2 * pauseMs, MAX_PAUSE_MS) : 0;
  return { ...document, recheckedAt: now, pauseMs: Math.max(PAUSE_MS, doubled) };
}

/** Returns the document. A `readAt` in the future comes from a wrong clock and becomes 0, older than every other. */
export function dated(document: CachedDocument, now: number): CachedDocument {
  return document.readAt <= now ? document : { ...document, readAt: 0 };
}

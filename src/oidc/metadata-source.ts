import type { ServerMetadata } from "../core/authorization-server.ts";
import { shared } from "../core/lazy.ts";
import type { Clock } from "../core/ports.ts";
import { fetchMetadata, parseMetadata } from "./discovery.ts";
import type { HttpOptions } from "./token/http.ts";
import type { CachedDocument, DocumentCache } from "../core/document-cache.ts";

/**
 * Supplies the metadata of one server. In this file, "the known document" is the newest metadata document that this page has
 * fetched or read from the cache.
 */
export interface MetadataSource {
  /**
   * Returns the server's metadata. Fetches the document first in the cases below. If this fetch fails, returns the metadata of
   * the known document.
   * - No document is known.
   * - The known document is older than a day, or older than `maxAgeMs`.
   * - An endpoint in the known document has failed.
   * @throws DiscoveryError no document is known, and the server published no valid document
   * @throws NetworkError no document is known, and no response came
   */
  load(maxAgeMs?: number): Promise<ServerMetadata>;
  /** Reads the newest document that any tab has stored. Makes no request to the server. */
  sync(): Promise<void>;
  /** Returns the metadata of the known document without waiting. Returns undefined if `renew()` must be called first. */
  current(): ServerMetadata | undefined;
  /**
   * Fetches the document and returns its metadata. If another tab has just started to fetch the document, makes no request and
   * returns the metadata of the known document.
   * @throws DiscoveryError the server published no valid document
   * @throws NetworkError no response
   */
  renew(): Promise<ServerMetadata>;
  /**
   * Returns the URL of the endpoint that has failed since the known document was fetched. If no endpoint has failed, returns
   * undefined.
   */
  failedUrl(): string | undefined;
  /**
   * Reports that the endpoint at `url` failed. If `url` is in the known document, the document is fetched again before its next
   * use.
   */
  reportFailure(url: string): void;
}

/** Configuration of `createMetadataSource()`. */
export interface MetadataSourceConfig {
  readonly issuer: string;
  readonly clock: Pick<Clock, "now">;
  /**
   * Stores the metadata document, so that other tabs and later page loads can use it. If `documents` is undefined, the document
   * is only in the memory of this page.
   */
  readonly documents?: DocumentCache | undefined;
  readonly http: HttpOptions;
}

/**
 * Creates a `MetadataSource` that fetches the metadata document of the issuer.
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
 */
export function createMetadataSource(config: MetadataSourceConfig): MetadataSource {
  const { issuer, clock, documents, http } = config;
  const key = `metadata/${issuer}`;
  let known: { entry: CachedDocument; metadata: ServerMetadata } | undefined;
  let reading: Promise<ServerMetadata> | undefined;

  /**
   * Updates the known document from the cache.
   * - If `cached` is newer than the known document and valid, `cached` becomes the known document.
   * - If `cached` is the known document, only `failedUrl`, `recheckedAt` and `pauseMs` are copied from `cached`.
   * - If `cached` is older than the known document, nothing is changed.
   */
  function take(cached: CachedDocument | undefined): void {
    if (!cached) return;
    const entry = dated(cached, clock.now());
    const age = known ? entry.readAt - known.entry.readAt : 1;
    if (age === 0) known = { ...known!, entry: { ...known!.entry, ...entry } };
    if (age <= 0) return;
    try {
      known = { entry, metadata: parseMetadata(entry.document, issuer) };
    } catch {
      // An invalid cached document is ignored.
    }
  }

  /**
   * Changes the data that is stored with the known document, such as `failedUrl`. The data is changed in memory and in the
   * cache that all tabs share.
   */
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

  /**
   * Returns true if this tab may fetch the document now. If an endpoint has failed or the document is old (see `isSuspect()`),
   * only one tab gets the result true. The other tabs continue to use the known document.
   */
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
      // If an endpoint has failed, the new entry keeps `recheckedAt` and `pauseMs`. Otherwise an endpoint that fails
      // again and again would cause a new metadata request after each failure, without a pause.
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

/** Creates the `MetadataSource` for configured endpoints. This source never fetches metadata, so the endpoints never change. */
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

/** The maximum age of the metadata document. An older document is fetched again before its next use. Milliseconds. */
const MAX_AGE_MS = 86_400_000;
/**
 * The maximum age of the metadata document when the page navigates to an endpoint. An older document is fetched again before
 * the navigation. This limit is lower than `MAX_AGE_MS`, because Latchkey does not notice when a navigation fails.
 * Milliseconds.
 */
export const NAVIGATION_AGE_MS = 600_000;
/**
 * The first pause between two rechecks. A recheck is an attempt to fetch a newer metadata document. Tabs start no recheck
 * during a pause. If a recheck starts less than four minutes after the previous recheck, the next pause is twice as long as the
 * previous pause, but at most `MAX_PAUSE_MS`. Milliseconds.
 */
const PAUSE_MS = 30_000;
const MAX_PAUSE_MS = 120_000;

/** Returns true if the document can be used now without a recheck. */
export function isCurrent(document: CachedDocument, now: number): boolean {
  return !isSuspect(document, now) || !isDue(document, now);
}

/**
 * Returns true if one of the document's endpoints has failed, or if the document is older than a day. The server might have
 * published a newer document.
 */
export function isSuspect({ readAt, failedUrl }: CachedDocument, now: number): boolean {
  return failedUrl !== undefined || now - readAt >= MAX_AGE_MS;
}

/**
 * Returns true if the pause after the last recheck has ended, so that a tab can recheck the document now. If the stored time of
 * the last recheck is in the future, a clock was wrong, and the function also returns true.
 */
export function isDue({ recheckedAt = 0, pauseMs = 0 }: CachedDocument, now: number): boolean {
  return now >= recheckedAt + Math.min(pauseMs, MAX_PAUSE_MS) || recheckedAt > now;
}

/**
 * Returns the entry that a tab stores before it rechecks the document. The entry has the time of the recheck and the length of
 * the pause after the recheck.
 */
export function rechecked(document: CachedDocument, now: number): CachedDocument {
  const { recheckedAt = 0, pauseMs = 0 } = document;
  const isOngoing = now - recheckedAt < 2 * MAX_PAUSE_MS;
  const doubled = isOngoing ? Math.min(2 * pauseMs, MAX_PAUSE_MS) : 0;
  return { ...document, recheckedAt: now, pauseMs: Math.max(PAUSE_MS, doubled) };
}

/**
 * Corrects the `readAt` of a document. If `readAt` is in the future, a clock was wrong. The returned document then has the
 * `readAt` 0 and counts as older than every other document.
 */
export function dated(document: CachedDocument, now: number): CachedDocument {
  return document.readAt <= now ? document : { ...document, readAt: 0 };
}

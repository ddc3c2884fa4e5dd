import type { ServerMetadata } from "../core/authorization-server.ts";
import { shared } from "../core/lazy.ts";
import type { Clock } from "../core/ports.ts";
import { fetchMetadata, parseMetadata } from "./discovery.ts";
import type { HttpOptions } from "./token/form-request.ts";
import type { CachedDocument, DocumentCache } from "../core/document-cache.ts";

/** Fetches and caches the metadata of one server. */
export interface MetadataSource {
  /**
   * Returns the server's metadata.
   * - If the cached metadata is older than a day or than `maxAgeMs`, the metadata is fetched first. With `maxAgeMs`, also if a
   *   tab has just tried to fetch the metadata.
   * - If the cached metadata is older than an hour, the metadata is fetched in the background.
   * - If an endpoint has failed, the metadata is fetched first.
   * - If the fetch fails, `load()` returns the cached metadata.
   * @throws DiscoveryError no metadata is cached, and the server published no valid document
   * @throws NetworkError no metadata is cached, and no response came
   */
  load(maxAgeMs?: number): Promise<ServerMetadata>;
  /** Reads the newest metadata that any tab has stored. Makes no request to the server. */
  sync(): Promise<void>;
  /** Returns the cached metadata without waiting. Returns undefined if the metadata must be fetched first. */
  current(): ServerMetadata | undefined;
  /**
   * Fetches the metadata and returns the new metadata. If another tab has just started to fetch the metadata, makes no request
   * and returns the cached metadata.
   * @throws DiscoveryError the server published no valid document
   * @throws NetworkError no response
   */
  renew(): Promise<ServerMetadata>;
  /**
   * Returns the URL of an endpoint that has failed since the metadata was fetched. Returns undefined if no endpoint has failed.
   */
  failedUrl(): string | undefined;
  /**
   * Reports that a request to `url` failed. If `url` is in the metadata, the metadata is fetched again before the next request.
   */
  reportFailure(url: string): void;
}

/** Configuration of `createMetadataSource()`. */
export interface MetadataSourceConfig {
  readonly issuer: string;
  readonly clock: Pick<Clock, "now">;
  /**
   * Stores the metadata document for all tabs and later page loads. If `documents` is undefined, the document is only in the
   * memory of this page.
   */
  readonly documents?: DocumentCache | undefined;
  readonly http: HttpOptions;
  /**
   * Returns the members that the app's configuration sets, under the names of a metadata document. These members replace the
   * members of the fetched document. Undefined: the configuration sets no members.
   * @throws ConfigurationError a configured endpoint is not valid
   */
  readonly loadConfigured?: () => Promise<Readonly<Record<string, unknown>> | undefined>;
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
  let renewing: Promise<ServerMetadata> | undefined;
  let configured: Readonly<Record<string, unknown>> | undefined;

  const loadConfigured = shared(async () => void (configured = await config.loadConfigured?.()));
  const parse = (document: unknown) =>
    parseMetadata(configured ? { ...(document as object), ...configured } : document, issuer);

  /**
   * Replaces `known` if `cached` is newer. If both were read at the same time, updates the members of the entry that another tab
   * has changed, such as `failedUrl`.
   */
  function take(cached: CachedDocument | undefined): void {
    const now = clock.now();
    // The clock might have been set back since this tab has read the document.
    if (known) known = { ...known, entry: dated(known.entry, now) };
    if (!cached) return;
    const entry = dated(cached, now);
    const age = known ? entry.readAt - known.entry.readAt : 1;
    if (age === 0) known = { ...known!, entry: { ...known!.entry, ...entry } };
    if (age <= 0) return;
    try {
      known = { entry, metadata: parse(entry.document) };
    } catch {
      // An invalid cached document is ignored.
    }
  }

  /** Applies `change` to the entry in memory and to the same entry in the cache that all tabs share. */
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

  /** Returns true if this tab may replace the metadata in `entry` now. Of several tabs, only one may do so. */
  async function mayRead(entry: CachedDocument): Promise<boolean> {
    const now = clock.now();
    let isOurs = false;
    await note((before) => {
      isOurs = isDue(before, now);
      return isOurs ? rechecked(before, now) : before;
    });
    return isOurs && known?.entry.readAt === entry.readAt;
  }

  async function fetchNow(): Promise<ServerMetadata> {
    await loadConfigured();
    const document = await fetchMetadata(issuer, http);
    const metadata = parse(document);
    const { failedUrl, recheckedAt, pauseMs } = known?.entry ?? {};
    const entry: CachedDocument = {
      document,
      readAt: clock.now(),
      // If an endpoint fails again and again, `recheckedAt` and `pauseMs` limit how often the metadata is fetched.
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

  const read = () => (reading ??= fetchNow().finally(() => (reading = undefined)));

  async function readIfDue(): Promise<ServerMetadata> {
    return known && !(await mayRead(known.entry)) ? known.metadata : read();
  }

  const renew = () => (renewing ??= readIfDue().finally(() => (renewing = undefined)));
  const sync = async () => {
    await loadConfigured();
    take(await documents?.get(key).catch(() => undefined));
  };
  const current = () => (known && isCurrent(known.entry, clock.now()) ? known.metadata : undefined);

  return {
    async load(maxAgeMs = Infinity) {
      await sync();
      const metadata = current();
      const ageMs = clock.now() - (known?.entry.readAt ?? 0);
      const isTooOld = ageMs >= maxAgeMs;
      if (metadata && !isTooOld) {
        if (ageMs >= REVALIDATE_MS) renew().catch(() => {});
        return metadata;
      }
      try {
        // The last attempt might be that of a page which then navigated. So a caller that needs newer metadata ignores the pause.
        return await (isTooOld ? read() : renew());
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

/** Creates a `MetadataSource` from the endpoints in the app's configuration. This source never fetches metadata. */
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

/** The maximum age of the metadata. Older metadata is fetched again before the next use. Milliseconds. */
const MAX_AGE_MS = 86_400_000;
/** The age at which the metadata is fetched again in the background. Milliseconds. */
const REVALIDATE_MS = 3_600_000;
/**
 * The maximum age of the metadata when the page navigates to an endpoint that might have moved. The limit is short, because
 * Latchkey cannot detect that a navigation failed. Milliseconds.
 */
export const NAVIGATION_AGE_MS = 600_000;
/**
 * The first pause between two attempts to fetch newer metadata. Each further attempt within four minutes doubles the pause, up
 * to `MAX_PAUSE_MS`. Milliseconds.
 */
const PAUSE_MS = 30_000;
const MAX_PAUSE_MS = 120_000;

/** Returns true if the document can be used without a new metadata request. */
export function isCurrent(document: CachedDocument, now: number): boolean {
  return !isSuspect(document, now) || !isDue(document, now);
}

/**
 * Returns true if the server might have published a newer document: an endpoint has failed, or the document is older than a
 * day.
 */
export function isSuspect({ readAt, failedUrl }: CachedDocument, now: number): boolean {
  return failedUrl !== undefined || now - readAt >= MAX_AGE_MS;
}

/**
 * Returns true if the pause after the last attempt to fetch newer metadata is over. If `recheckedAt` is in the future, a clock
 * was wrong, and the pause also counts as over.
 */
export function isDue({ recheckedAt = 0, pauseMs = 0 }: CachedDocument, now: number): boolean {
  return now >= recheckedAt + Math.min(pauseMs, MAX_PAUSE_MS) || recheckedAt > now;
}

/**
 * Returns the entry that a tab stores before the tab fetches newer metadata. The entry has the time of this attempt and the
 * pause until the next attempt.
 */
export function rechecked(document: CachedDocument, now: number): CachedDocument {
  const { recheckedAt = 0, pauseMs = 0 } = document;
  const isOngoing = now - recheckedAt < 2 * MAX_PAUSE_MS;
  const doubled = isOngoing ? Math.min(2 * pauseMs, MAX_PAUSE_MS) : 0;
  return { ...document, recheckedAt: now, pauseMs: Math.max(PAUSE_MS, doubled) };
}

/**
 * If the document's `readAt` is in the future, a clock was wrong. The returned document then has the `readAt` 0, so that any
 * other document is newer.
 */
export function dated(document: CachedDocument, now: number): CachedDocument {
  return document.readAt <= now ? document : { ...document, readAt: 0 };
}

import type { ServerMetadata } from "../core/authorization-server.ts";
import type { CachedDocument, DocumentCache } from "../core/document-cache.ts";
import { shared } from "../core/lazy.ts";
import type { Clock } from "../core/ports.ts";
import { fetchMetadata, parseMetadata } from "./discovery.ts";
import type { HttpOptions } from "./token/http.ts";
import { dated, isCurrent, isDue, isSuspect, rechecked } from "./metadata-age.ts";

/** Which metadata the next request uses. */
export interface MetadataSource {
  /**
   * The newest document that this browser has read. It is read again from the network when it is older than a day or
   * `maxAgeMs`, or when an endpoint of it failed. An older document serves while a newer one cannot be had.
   * @throws DiscoveryError there is no document, and the server's is none of this issuer
   * @throws NetworkError there is no document, and no response
   */
  load(maxAgeMs?: number): Promise<ServerMetadata>;
  /** Takes over what other tabs have read. Uses no network. */
  sync(): Promise<void>;
  /** The document for a request that is sent in this task; undefined when `renew()` has to be called first. */
  current(): ServerMetadata | undefined;
  /** Reads the document from the network, unless another tab has just done so. @throws as `load()` */
  renew(): Promise<ServerMetadata>;
  /** The endpoint that failed since the document was read. */
  failedUrl(): string | undefined;
  /** The document is read again before its next use, if `url` is an endpoint of it. */
  reportFailure(url: string): void;
}

export interface MetadataSourceConfig {
  readonly issuer: string;
  readonly clock: Pick<Clock, "now">;
  /** Without one, this object alone remembers the document. */
  readonly documents?: DocumentCache | undefined;
  readonly http: HttpOptions;
}

/** The metadata that the issuer publishes. @see OpenID Connect Discovery 1.0 section 4 */
export function createMetadataSource(config: MetadataSourceConfig): MetadataSource {
  const { issuer, clock, documents, http } = config;
  const key = `metadata/${issuer}`;
  let known: { entry: CachedDocument; metadata: ServerMetadata } | undefined;
  let reading: Promise<ServerMetadata> | undefined;

  /** The newest one wins. A cached document is no more trusted than one from the network. */
  function take(cached: CachedDocument | undefined): void {
    if (!cached) return;
    const entry = dated(cached, clock.now());
    const age = known ? entry.readAt - known.entry.readAt : 1;
    if (age === 0) known = { ...known!, entry: { ...known!.entry, ...entry } };
    if (age <= 0) return;
    try {
      known = { entry, metadata: parseMetadata(entry.document, issuer) };
    } catch {
      // The document is damaged, so the browser has none.
    }
  }

  /** Notes something about the document that is known, here and for the other tabs. */
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

  /** One tab reads a suspect document again, and the others keep using it meanwhile. */
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
      // An endpoint that fails again does not lead to a request each time.
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

/** The endpoints that an app names. Nothing is read, and nothing replaces them. */
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

import type { CachedDocument } from "../core/document-cache.ts";

/** The oldest document that counts as current. Milliseconds. */
const MAX_AGE_MS = 86_400_000;
/** The oldest document for a request whose failure no code sees, because the browser leaves the page for it. */
export const NAVIGATION_AGE_MS = 600_000;
/** The pause after a recheck. It doubles while the rechecks go on. Milliseconds. */
const PAUSE_MS = 30_000;
const MAX_PAUSE_MS = 120_000;

/** A document that counts as current, unless somebody asks for a newer one. */
export function isCurrent(document: CachedDocument, now: number): boolean {
  return !isSuspect(document, now) || !isDue(document, now);
}

/** The server may have published another document since. */
export function isSuspect({ readAt, failedUrl }: CachedDocument, now: number): boolean {
  return failedUrl !== undefined || now - readAt >= MAX_AGE_MS;
}

/** No tab tried to read it again a moment ago. A time in the future comes from a clock that was wrong. */
export function isDue({ recheckedAt = 0, pauseMs = 0 }: CachedDocument, now: number): boolean {
  return now >= recheckedAt + Math.min(pauseMs, MAX_PAUSE_MS) || recheckedAt > now;
}

/** The document as it is stored before a tab tries to read it again. */
export function rechecked(document: CachedDocument, now: number): CachedDocument {
  const { recheckedAt = 0, pauseMs = 0 } = document;
  const isOngoing = now - recheckedAt < 2 * MAX_PAUSE_MS;
  const doubled = isOngoing ? Math.min(2 * pauseMs, MAX_PAUSE_MS) : 0;
  return { ...document, recheckedAt: now, pauseMs: Math.max(PAUSE_MS, doubled) };
}

/** The same document, older than every other when its time is in the future: the clock was wrong then. */
export function dated(document: CachedDocument, now: number): CachedDocument {
  return document.readAt <= now ? document : { ...document, readAt: 0 };
}

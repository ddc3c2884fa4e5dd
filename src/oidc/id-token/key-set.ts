import type { Clock } from "../../core/ports.ts";
import { IdTokenError } from "../../core/protocol-errors.ts";
import { parseObject } from "../../core/shape.ts";
import { request, type HttpOptions } from "../token/form-request.ts";
import type { DocumentCache } from "../../core/document-cache.ts";

/** If the cached keys are older, `get()` returns them and fetches the keys again in the background. Milliseconds. */
const REVALIDATE_MS = 3_600_000;
/** The minimum time between two fetches by `refetch()`. Milliseconds. */
const COOLDOWN_MS = 10_000;
/** The maximum age of cached keys. The server might have withdrawn older keys. Milliseconds. */
const MAX_AGE_MS = 86_400_000;

/** A key of a JWK Set, before validation. @see https://www.rfc-editor.org/rfc/rfc7517#section-4 */
export type Jwk = Readonly<Record<string, unknown>>;

/** Fetches and caches the server's public keys, which validate the signatures of ID tokens. */
export interface KeySet {
  /**
   * Returns the cached keys, or fetches the keys if none are cached. Keys that are more than a day old count as none. `fresh` is
   * true if `get()` has just fetched the keys from the server.
   */
  get(): Promise<{ keys: readonly Jwk[]; fresh: boolean }>;
  /** Fetches the keys again. If the previous refetch was less than ten seconds ago, returns undefined. */
  refetch(): Promise<readonly Jwk[]> | undefined;
  /**
   * Returns the cached keys without a request to the server. Returns undefined if no keys are cached, or if the keys are more
   * than a day old.
   */
  cached(): Promise<readonly Jwk[] | undefined>;
}

/** Stores the server's keys for all tabs and later page loads. */
export interface StoredKeys {
  /** Returns the stored keys. `readAt` is the time when the keys were fetched, in milliseconds since the epoch. */
  read(): Promise<{ keys: readonly Jwk[]; readAt: number } | undefined>;
  write(keys: readonly Jwk[], readAt: number): Promise<void>;
}

/** Creates a key set. Without `stored`, the keys are cached only in memory. */
export function createKeySet(
  fetchKeys: () => Promise<readonly Jwk[]>,
  clock: Pick<Clock, "monotonic" | "now">,
  stored?: StoredKeys,
): KeySet {
  let held: { keys: readonly Jwk[]; at: number } | undefined;
  let pending: Promise<readonly Jwk[]> | undefined;
  let refetchedAt = -Infinity;

  const load = () =>
    (pending ??= fetchKeys()
      .then((keys) => {
        held = { keys, at: clock.monotonic() };
        stored?.write(keys, clock.now()).catch(() => {});
        return keys;
      })
      .finally(() => (pending = undefined)));

  /** Returns the newest known keys, or undefined if these keys are older than `maxAgeMs`. */
  const newest = async (maxAgeMs: number) => {
    const isYoung = () => held !== undefined && clock.monotonic() - held.at < maxAgeMs;
    if (isYoung()) return held!.keys;
    const found = await stored?.read().catch(() => undefined);
    const age = found ? clock.now() - found.readAt : -1;
    const at = clock.monotonic() - age;
    // If `readAt` is in the future, a clock was wrong, and the stored keys are ignored. If a write has failed, the stored keys can
    // be older than the keys in memory.
    if (found && age >= 0 && !(held && held.at > at)) held = { keys: found.keys, at };
    return isYoung() ? held!.keys : undefined;
  };

  return {
    async get() {
      const young = await newest(REVALIDATE_MS);
      const keys = young ?? (await newest(MAX_AGE_MS));
      if (!keys) return { keys: await load(), fresh: true };
      if (!young) load().catch(() => {});
      return { keys, fresh: false };
    },
    cached: () => newest(MAX_AGE_MS),
    refetch() {
      if (pending) return pending;
      if (clock.monotonic() - refetchedAt < COOLDOWN_MS) return undefined;
      refetchedAt = clock.monotonic();
      return load();
    },
  };
}

/**
 * Fetches the server's JWK Set. Returns the keys without validation.
 * @throws IdTokenError the server did not respond with a JWK Set; retryable
 * @throws NetworkError no response
 * @see https://www.rfc-editor.org/rfc/rfc7517#section-5
 */
export async function fetchKeys(jwksUri: string, http: HttpOptions): Promise<readonly Jwk[]> {
  // With `no-cache`, the browser asks the server whether the keys in the HTTP cache are still up to date.
  const { status, text } = await request("JWKS", jwksUri, { cache: "no-cache" }, http);
  const keys = status === 200 ? parseKeys(parseObject(text)?.["keys"]) : undefined;
  if (!keys) {
    throw new IdTokenError(
      "signature",
      `${jwksUri} responded with status ${status} and without a JWK Set`,
      {
        hint: "Check that the server's jwks_uri responds with a JWK Set.",
        retryable: true,
      },
    );
  }
  return keys;
}

/**
 * Returns the elements of `keys` that are objects. Returns undefined if `keys` is not an array.
 * @see https://www.rfc-editor.org/rfc/rfc7517#section-5.1
 */
export function parseKeys(keys: unknown): readonly Jwk[] | undefined {
  if (!Array.isArray(keys)) return undefined;
  return keys.filter(
    (key) => typeof key === "object" && key !== null && !Array.isArray(key),
  ) as Jwk[];
}

/** Creates the store for the keys of one issuer. All tabs share this store. Stored keys from another `jwksUri` are ignored. */
export function createStoredKeys(
  documents: DocumentCache,
  issuer: string,
  jwksUri: string,
): StoredKeys {
  const key = `keys/${issuer}`;
  return {
    async read() {
      const entry = await documents.get(key);
      const document = (entry?.document ?? {}) as Readonly<Record<string, unknown>>;
      const keys = parseKeys(document["keys"]);
      if (!entry || !keys || document["jwksUri"] !== jwksUri) return undefined;
      return { keys, readAt: entry.readAt };
    },
    async write(keys: readonly Jwk[], readAt: number) {
      await documents.update(key, () => ({ document: { jwksUri, keys }, readAt }));
    },
  };
}

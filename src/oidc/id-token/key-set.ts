import type { Clock } from "../../core/ports.ts";
import { IdTokenError } from "../../core/protocol-errors.ts";
import { parseObject } from "../encoding.ts";
import { request, type HttpOptions } from "../token/http.ts";
import type { DocumentCache } from "../../core/document-cache.ts";

/** Age at which keys are fetched again. */
const MAX_AGE_MS = 600_000;
/** Shortest time between two refetches. */
const COOLDOWN_MS = 10_000;
/** Maximum age of keys that are used without network. The server may have withdrawn older keys. */
const CACHED_MS = 86_400_000;

/** A member of a JWK Set, not validated. @see https://www.rfc-editor.org/rfc/rfc7517#section-4 */
export type Jwk = Readonly<Record<string, unknown>>;

/** The server's keys. They are fetched when needed, and cached. */
export interface KeySet {
  /** Returns the keys. `fresh`: they were fetched for this call. */
  get(): Promise<{ keys: readonly Jwk[]; fresh: boolean }>;
  /** Fetches the keys again. Undefined when the last refetch was less than ten seconds ago. */
  refetch(): Promise<readonly Jwk[]> | undefined;
  /** Returns the newest known keys that are at most a day old. Uses no network. */
  cached(): Promise<readonly Jwk[] | undefined>;
}

/** The keys that all tabs and page loads share. */
export interface StoredKeys {
  /** `readAt`: milliseconds since the epoch. */
  read(): Promise<{ keys: readonly Jwk[]; readAt: number } | undefined>;
  write(keys: readonly Jwk[], readAt: number): Promise<void>;
}

/** Creates a key set. Without `stored`, the keys are in memory only. */
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

  /** Returns the newest known keys if they are younger than `maxAgeMs`. */
  const newest = async (maxAgeMs: number) => {
    const isYoung = () => held !== undefined && clock.monotonic() - held.at < maxAgeMs;
    if (isYoung()) return held!.keys;
    const found = await stored?.read().catch(() => undefined);
    const age = found ? clock.now() - found.readAt : -1;
    // A time in the future comes from a wrong clock.
    if (found && age >= 0) held = { keys: found.keys, at: clock.monotonic() - age };
    return isYoung() ? held!.keys : undefined;
  };

  return {
    async get() {
      const keys = await newest(MAX_AGE_MS);
      return keys ? { keys, fresh: false } : { keys: await load(), fresh: true };
    },
    cached: () => newest(CACHED_MS),
    refetch() {
      if (pending) return pending;
      if (clock.monotonic() - refetchedAt < COOLDOWN_MS) return undefined;
      refetchedAt = clock.monotonic();
      return load();
    },
  };
}

/**
 * Fetches the members of the server's JWK Set, not validated.
 * @throws IdTokenError the server did not respond with a JWK Set; retryable
 * @throws NetworkError no response
 * @see https://www.rfc-editor.org/rfc/rfc7517#section-5
 */
export async function fetchKeys(jwksUri: string, http: HttpOptions): Promise<readonly Jwk[]> {
  // The HTTP cache may have older keys than the server.
  const { status, text } = await request("JWKS", jwksUri, { cache: "no-cache" }, http);
  const keys = status === 200 ? parseKeys(parseObject(text)?.["keys"]) : undefined;
  if (!keys) {
    throw new IdTokenError("signature", `no keys at ${jwksUri}: the server responded ${status}`, {
      hint: "The server's jwks_uri must respond with a JWK Set.",
      retryable: true,
    });
  }
  return keys;
}

/**
 * Returns the objects in the `keys` of a JWK Set. Undefined when `keys` is no list.
 * @see https://www.rfc-editor.org/rfc/rfc7517#section-5.1
 */
export function parseKeys(keys: unknown): readonly Jwk[] | undefined {
  if (!Array.isArray(keys)) return undefined;
  return keys.filter(
    (key) => typeof key === "object" && key !== null && !Array.isArray(key),
  ) as Jwk[];
}

/**
 * Creates the store of the keys of `jwksUri`, which all tabs share. Each issuer has one entry, so that the keys of an old
 * `jwksUri` are overwritten.
 */
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

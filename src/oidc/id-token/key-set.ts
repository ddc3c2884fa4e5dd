import type { Clock } from "../../core/ports.ts";
import { IdTokenError } from "../../core/errors.ts";
import { parseObject } from "../encoding.ts";
import { request, type HttpOptions } from "../token/http.ts";

const MAX_AGE_MS = 600_000;
const COOLDOWN_MS = 10_000;
/** Keys of yesterday say nothing about a token of today. */
const CACHED_MS = 86_400_000;

/** A member of a JWK Set; nothing about it is sure. @see RFC 7517 section 4 */
export type Jwk = Readonly<Record<string, unknown>>;

/** The server's keys, fetched when needed and kept for a while. */
export interface KeySet {
  /** The keys, and whether they were fetched for this call. */
  get(): Promise<{ keys: readonly Jwk[]; fresh: boolean }>;
  /** The keys fetched again; undefined when that was done a moment ago. */
  refetch(): Promise<readonly Jwk[]> | undefined;
  /** The newest keys that were read, at most a day old. Never uses the network. */
  cached(): Promise<readonly Jwk[] | undefined>;
}

/** The keys outside of this object's memory. */
export interface StoredKeys {
  /** `readAt`: milliseconds since the epoch. */
  read(): Promise<{ keys: readonly Jwk[]; readAt: number } | undefined>;
  write(keys: readonly Jwk[], readAt: number): Promise<void>;
}

/** Without `stored` the keys are in memory only. */
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

  /** The newest keys that were read, if they are younger than `maxAgeMs`. */
  const newest = async (maxAgeMs: number) => {
    const isYoung = () => held !== undefined && clock.monotonic() - held.at < maxAgeMs;
    if (isYoung()) return held!.keys;
    const found = await stored?.read().catch(() => undefined);
    const age = found ? clock.now() - found.readAt : -1;
    // A time in the future comes from a clock that was wrong.
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
 * @see RFC 7517 section 5
 * @throws IdTokenError the server did not answer with keys
 * @throws NetworkError no answer
 */
export async function fetchKeys(jwksUri: string, http: HttpOptions): Promise<readonly Jwk[]> {
  // Past the browser's cache: keys are asked for again because they changed.
  const { status, text } = await request("JWKS", jwksUri, { cache: "no-cache" }, http);
  const keys = status === 200 ? parseKeys(parseObject(text)?.["keys"]) : undefined;
  if (!keys) {
    throw new IdTokenError("signature", `the keys cannot be had: the server answered ${status}`, {
      hint: "The server's jwks_uri must answer with a JWK Set.",
      retryable: true,
    });
  }
  return keys;
}

/** The members of a JWK Set that may be keys; undefined when it is no list. @see RFC 7517 section 5.1 */
export function parseKeys(keys: unknown): readonly Jwk[] | undefined {
  if (!Array.isArray(keys)) return undefined;
  return keys.filter(
    (key) => typeof key === "object" && key !== null && !Array.isArray(key),
  ) as Jwk[];
}

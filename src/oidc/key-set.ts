import type { Clock } from "../core/ports.ts";

const MAX_AGE_MS = 600_000;
const COOLDOWN_MS = 10_000;

/** A member of a JWK Set; nothing about it is sure. @see RFC 7517 section 4 */
export type Jwk = Readonly<Record<string, unknown>>;

/** The server's keys, fetched when needed and kept for a while. */
export interface KeySet {
  /** The keys, and whether they were fetched for this call. */
  get(): Promise<{ keys: readonly Jwk[]; fresh: boolean }>;
  /** The keys that this browser has read within the last ten minutes. Uses no network. */
  cached(): Promise<readonly Jwk[] | undefined>;
  /** The keys fetched again; undefined when that was done a moment ago. */
  refetch(): Promise<readonly Jwk[]> | undefined;
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
  clock: Pick<Clock, "mono" | "now">,
  stored?: StoredKeys,
): KeySet {
  let kept: { keys: readonly Jwk[]; at: number } | undefined;
  let pending: Promise<readonly Jwk[]> | undefined;
  let refetchedAt = -Infinity;

  const load = () =>
    (pending ??= fetchKeys()
      .then((keys) => {
        kept = { keys, at: clock.mono() };
        stored?.write(keys, clock.now()).catch(() => {});
        return keys;
      })
      .finally(() => (pending = undefined)));

  const cached = async () => {
    if (kept && clock.mono() - kept.at < MAX_AGE_MS) return kept.keys;
    const found = await stored?.read().catch(() => undefined);
    const age = found ? clock.now() - found.readAt : Infinity;
    // A time in the future comes from a clock that was wrong.
    if (!found || age < 0 || age >= MAX_AGE_MS) return undefined;
    kept = { keys: found.keys, at: clock.mono() - age };
    return found.keys;
  };

  return {
    async get() {
      const keys = await cached();
      return keys ? { keys, fresh: false } : { keys: await load(), fresh: true };
    },
    cached,
    refetch() {
      if (pending) return pending;
      if (clock.mono() - refetchedAt < COOLDOWN_MS) return undefined;
      refetchedAt = clock.mono();
      return load();
    },
  };
}

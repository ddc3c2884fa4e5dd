import type { Clock } from "../core/ports.ts";

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

export function createKeySet(
  fetchKeys: () => Promise<readonly Jwk[]>,
  clock: Pick<Clock, "mono">,
): KeySet {
  let kept: { keys: readonly Jwk[]; at: number } | undefined;
  let pending: Promise<readonly Jwk[]> | undefined;
  let refetchedAt = -Infinity;

  const load = () =>
    (pending ??= fetchKeys()
      .then((keys) => {
        kept = { keys, at: clock.mono() };
        return keys;
      })
      .finally(() => (pending = undefined)));

  return {
    async get() {
      const good = kept && clock.mono() - kept.at < MAX_AGE_MS;
      return good ? { keys: kept!.keys, fresh: false } : { keys: await load(), fresh: true };
    },
    refetch() {
      if (pending) return pending;
      if (clock.mono() - refetchedAt < COOLDOWN_MS) return undefined;
      refetchedAt = clock.mono();
      return load();
    },
    cached: async () => (kept && clock.mono() - kept.at < CACHED_MS ? kept.keys : undefined),
  };
}

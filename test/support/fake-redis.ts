import type { Redis } from "./redis-token-storage.ts";

/** A Redis client with the methods that a token storage calls, and with a clock that tests control. */
export function fakeRedis(now: () => number): Redis & { rows: Map<string, string> } {
  const rows = new Map<string, string>();
  const ends = new Map<string, number>();
  const expire = () => {
    for (const [key, end] of ends) if (end <= now()) remove(key);
  };
  const remove = (key: string) => {
    ends.delete(key);
    rows.delete(key);
  };
  return {
    rows,
    async get(key) {
      expire();
      return rows.get(key) ?? null;
    },
    async set(key, value, options) {
      expire();
      rows.set(key, value);
      if (options) ends.set(key, now() + options.PX);
      else ends.delete(key);
    },
    async del(keys) {
      [keys].flat().forEach(remove);
    },
    async exists(key) {
      expire();
      return rows.has(key) ? 1 : 0;
    },
    async keys(pattern) {
      return [...rows.keys()].filter((key) => key.startsWith(pattern.slice(0, -1)));
    },
  };
}

import { vi } from "vitest";
import type { Grant, TokenRequest } from "../../src/core/grant.ts";
import type { TokenSet } from "../../src/core/token-set.ts";
import type { TokenStorage } from "../../src/core/token-storage.ts";

/** A grant that returns what `response` gives, and records its requests. */
export function scriptedGrant(
  response: (request: TokenRequest, nth: number) => TokenSet | Promise<TokenSet>,
): Grant & { asked: TokenRequest[] } {
  const asked: TokenRequest[] = [];
  return {
    asked,
    requestToken: async (request) => {
      asked.push(request);
      return await response(request, asked.length);
    },
  };
}

/** A `TokenStorage` over a `Map`, as an app would write one, with time to live. */
export function mapStorage(): TokenStorage & {
  rows: Map<string, { value: unknown; until: number }>;
} {
  const rows = new Map<string, { value: unknown; until: number }>();
  const get = async (key: string) => {
    const row = rows.get(key);
    if (row && row.until <= Date.now()) rows.delete(key);
    return structuredClone(rows.get(key)?.value);
  };
  return {
    rows,
    get,
    set: async (key, value, ttlMs = Infinity) => {
      rows.set(key, { value: structuredClone(value), until: Date.now() + ttlMs });
    },
    delete: async (key) => void rows.delete(key),
    exists: async (key) => (await get(key)) !== undefined,
    clear: async () => rows.clear(),
  };
}

/** Starts fake timers. `pass()` moves the time. */
export function startClock(): { pass(ms: number): void } {
  vi.useFakeTimers({ now: 1_800_000_000_000 });
  return { pass: (ms) => void vi.setSystemTime(Date.now() + ms) };
}

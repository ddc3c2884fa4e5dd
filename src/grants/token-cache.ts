import type { TokenStorage } from "../core/token-storage.ts";
import { type Clock, wallClock } from "../core/ports.ts";
import { parseRefusal } from "../core/refusal-pauses.ts";
import type { Refusal } from "../core/session.ts";
import type { TokenSet } from "../core/token-set.ts";

export interface TokenCacheConfig {
  readonly storage: TokenStorage;
  /** Changes when the inner grant's configuration does: what was stored under another one is not used. */
  readonly configHash?: string;
  /** How old a record may be; as old as its token when not given. */
  readonly maxAgeMs?: number;
  readonly clock?: Pick<Clock, "now">;
}

/** For how long a record that cannot be read is kept for whoever looks into it. */
const ASIDE_MS = 86_400_000;

/** The records of a `CachedGrant`. Never rejects: what a storage does not give or take is not there. */
export class TokenCache {
  readonly #config: TokenCacheConfig;

  constructor(config: TokenCacheConfig) {
    this.#config = config;
  }

  /** Undefined when there is none of this configuration, or none that can be used. */
  async read(key: string): Promise<CacheRecord | undefined> {
    const { storage, configHash = "", maxAgeMs = Infinity } = this.#config;
    const value = await attempt(() => storage.get(key));
    if (value === undefined || value === null) return undefined;
    const record = parseRecord(value);
    if (!record) {
      await attempt(() => storage.set(asideKey(key), value, ASIDE_MS));
      await this.delete(key);
      return undefined;
    }
    const age = this.#now() - record.storedAt;
    return record.configHash === configHash && age < maxAgeMs ? record : undefined;
  }

  isGood({ storedAt, tokens: { expiresAt } }: CacheRecord): boolean {
    // A third at most: who lives for a minute can be remembered, too.
    const leeway = Math.min(30_000, (expiresAt - storedAt) / 3);
    const now = this.#now();
    // One from the future has an age that nobody knows: the clock was set back. Its refresh token is good.
    return now >= storedAt && now < expiresAt - leeway;
  }

  write(key: string, tokens: TokenSet): Promise<void> {
    const { generation: _, origin: __, returnTo: ___, asked: ____, ...stored } = tokens;
    const { configHash = "" } = this.#config;
    return this.#put(key, { version: 2, configHash, storedAt: this.#now(), tokens: { ...stored } });
  }

  /** The refresh token is good for nothing any more; the access token may be. */
  async dropRefreshToken(key: string, refreshToken: string | undefined): Promise<void> {
    const record = await this.read(key);
    if (!record || record.tokens.refreshToken !== refreshToken) return;
    const { refreshToken: _, ...tokens } = record.tokens;
    const { refusal: __, ...rest } = record;
    await this.#put(key, { ...rest, tokens });
  }

  /** The server refused the refresh token and did not end it. */
  async putRefusal(key: string, refreshToken: string | undefined, refusal: Refusal): Promise<void> {
    const record = await this.read(key);
    if (!record || record.tokens.refreshToken !== refreshToken) return;
    await this.#put(key, { ...record, refusal });
  }

  async delete(key: string): Promise<void> {
    await attempt(() => this.#config.storage.delete(key));
  }

  /** Deletes what was stored of a user, and what was set aside of it. `keep`: of whose tokens nothing is deleted. */
  async forget(key: string, keep: (record: CacheRecord) => boolean = () => false): Promise<void> {
    const record = await this.read(key);
    if (record && keep(record)) return;
    await this.delete(key);
    await this.delete(asideKey(key));
  }

  async #put(key: string, record: CacheRecord): Promise<void> {
    const { storage, maxAgeMs = Infinity } = this.#config;
    const { refreshToken, expiresAt } = record.tokens;
    // A refresh token is good when the access token is not any more.
    const until = refreshToken === undefined ? expiresAt : Infinity;
    const ttlMs = Math.min(until, record.storedAt + maxAgeMs) - this.#now();
    if (ttlMs <= 0) return this.delete(key);
    await attempt(() => storage.set(key, record, ttlMs === Infinity ? undefined : ttlMs));
  }

  #now(): number {
    return (this.#config.clock ?? wallClock).now();
  }
}

function asideKey(key: string): string {
  return `${key}/aside`;
}

/** Undefined when it fails, however it does: an own storage may throw, too. */
async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}

/** What a `CachedGrant` stores. */
export interface CacheRecord {
  readonly version: 2;
  readonly configHash: string;
  /** Milliseconds since the epoch. */
  readonly storedAt: number;
  readonly tokens: TokenSet;
  /** How the server refused the refresh token, which it did not end. */
  readonly refusal?: Refusal;
}

const MAY_BE_STRINGS = ["refreshToken", "idToken", "issuedTokenType"];

/** Undefined when `value` is not one, or not whole. */
export function parseRecord(value: unknown): CacheRecord | undefined {
  if (!isObject(value) || value["version"] !== 2 || !isObject(value["tokens"])) return undefined;
  const { configHash, storedAt, tokens } = value;
  const { accessToken, tokenType, expiresAt, scope, user } = tokens;
  const isWhole =
    typeof configHash === "string" &&
    Number.isFinite(storedAt) &&
    typeof accessToken === "string" &&
    accessToken !== "" &&
    typeof tokenType === "string" &&
    Number.isFinite(expiresAt) &&
    Array.isArray(scope) &&
    scope.every((name) => typeof name === "string") &&
    (user === undefined || (isObject(user) && typeof user["sub"] === "string")) &&
    MAY_BE_STRINGS.every((name) => ["string", "undefined"].includes(typeof tokens[name]));
  if (!isWhole) return undefined;
  const { refusal: stored, ...record } = value as unknown as CacheRecord;
  const refusal = parseRefusal(stored);
  return { ...record, ...(refusal && { refusal }) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

import { isExpiring } from "../core/token-lifetime.ts";
import { isObject } from "../core/shape.ts";
import type { TokenStorage } from "../core/token-storage.ts";
import { type Clock, wallClock } from "../core/ports.ts";
import { parseRefusal } from "../core/refusal-pauses.ts";
import type { Refusal } from "../core/session.ts";
import type { TokenSet } from "../core/token-set.ts";

/** The options of a `TokenCache`. */
export interface TokenCacheConfig {
  readonly storage: TokenStorage;
  /**
   * A value that identifies the configuration of the inner grant. If you change the configuration, change this value. The cache
   * ignores records that were stored with another value.
   */
  readonly configHash?: string;
  /** The maximum age of a record. Milliseconds. Default: no maximum. */
  readonly maxAgeMs?: number;
  /** The clock that decides whether a record has expired. Default: the system's clock. */
  readonly clock?: Pick<Clock, "now">;
}

/** How long a copy of an unreadable record is kept for developers. Milliseconds. */
const ASIDE_MS = 86_400_000;

/**
 * A token is replaced this long before it expires. But a short-lived token is replaced when a third of its lifetime remains.
 * Milliseconds.
 */
const LEAD_MS = 30_000;

/**
 * Reads and writes the records of a `CachedGrant`. The methods never reject. If the storage fails, `read()` returns undefined,
 * and the other methods have no effect.
 */
export class TokenCache {
  readonly #config: TokenCacheConfig;

  constructor(config: TokenCacheConfig) {
    this.#config = config;
  }

  /**
   * Returns the record at `key`, or undefined if there is no valid record. An unreadable record is moved to another key, where
   * developers can inspect the record.
   */
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

  /** Returns true if the stored access token does not expire soon. */
  isGood({ storedAt, tokens: { expiresAt } }: CacheRecord): boolean {
    return !isExpiring({ expiresAt, lifetimeMs: expiresAt - storedAt }, this.#now(), LEAD_MS);
  }

  /** Stores the tokens without the members that describe a session or a login. */
  write(key: string, tokens: TokenSet): Promise<void> {
    const { generation: _, origin: __, returnTo: ___, asked: ____, ...stored } = tokens;
    const { configHash = "" } = this.#config;
    return this.#put(key, { version: 2, configHash, storedAt: this.#now(), tokens: { ...stored } });
  }

  /**
   * Removes `refreshToken` from the record, and keeps the access token. If the record has a newer refresh token, does nothing.
   */
  async dropRefreshToken(key: string, refreshToken: string | undefined): Promise<void> {
    const record = await this.read(key);
    if (!record || record.tokens.refreshToken !== refreshToken) return;
    const { refreshToken: _, ...tokens } = record.tokens;
    const { refusal: __, ...rest } = record;
    await this.#put(key, { ...rest, tokens });
  }

  /**
   * Adds `refusal` to the record: when and why the server refused `refreshToken`. If the record has a newer refresh token, does
   * nothing.
   */
  async putRefusal(key: string, refreshToken: string | undefined, refusal: Refusal): Promise<void> {
    const record = await this.read(key);
    if (!record || record.tokens.refreshToken !== refreshToken) return;
    await this.#put(key, { ...record, refusal });
  }

  async delete(key: string): Promise<void> {
    await attempt(() => this.#config.storage.delete(key));
  }

  /**
   * Deletes the record at `key`, and the copy of an unreadable record. If `keep` returns true for the record, deletes nothing.
   */
  async forget(key: string, keep: (record: CacheRecord) => boolean = () => false): Promise<void> {
    const record = await this.read(key);
    if (record && keep(record)) return;
    await this.delete(key);
    await this.delete(asideKey(key));
  }

  async #put(key: string, record: CacheRecord): Promise<void> {
    const { storage, maxAgeMs = Infinity } = this.#config;
    const { refreshToken, expiresAt } = record.tokens;
    // If there is a refresh token, the record stays stored after the access token has expired.
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

/** Returns the result of `work`, or undefined when `work` fails. */
async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}

/** The tokens that a `CachedGrant` stores under one key. */
export interface CacheRecord {
  readonly version: 2;
  readonly configHash: string;
  /** When the tokens were stored. Milliseconds since the epoch. */
  readonly storedAt: number;
  readonly tokens: TokenSet;
  /** When and why the server last refused the refresh token, although the refresh token might still be valid. */
  readonly refusal?: Refusal;
}

const MAY_BE_STRINGS = ["refreshToken", "idToken", "issuedTokenType"];

/** Validates a stored record. Returns undefined when a member is missing or has the wrong type. */
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
    (tokens["extra"] === undefined || isObject(tokens["extra"])) &&
    (user === undefined || (isObject(user) && typeof user["sub"] === "string")) &&
    MAY_BE_STRINGS.every((name) => ["string", "undefined"].includes(typeof tokens[name]));
  if (!isWhole) return undefined;
  const { refusal: stored, ...record } = value as unknown as CacheRecord;
  const refusal = parseRefusal(stored);
  return { ...record, ...(refusal && { refusal }) };
}

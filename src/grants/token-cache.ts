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
   * Identifies the configuration of the inner grant. Change this value whenever you change the configuration. A record that was
   * stored with a different value is ignored.
   */
  readonly configHash?: string;
  /** The maximum age of a record. Milliseconds. Default: no limit besides the lifetime of the tokens. */
  readonly maxAgeMs?: number;
  /** The clock that decides whether a record has expired. Default: the system's clock. */
  readonly clock?: Pick<Clock, "now">;
}

/** The time for which a copy of an unreadable record is kept, so that developers can inspect the copy. Milliseconds. */
const ASIDE_MS = 86_400_000;

/**
 * A token is replaced when its remaining lifetime falls to this value. If a third of the token's whole lifetime is shorter than
 * this value, the token is replaced when a third of its lifetime remains. Milliseconds.
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
   * Returns the record at `key`. Returns undefined when the record is missing, unreadable or too old, or was stored with
   * another `configHash`. Moves an unreadable record to another key.
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

  /** Returns true if the access token does not expire soon, so that it can be returned without a request. */
  isGood({ storedAt, tokens: { expiresAt } }: CacheRecord): boolean {
    return !isExpiring({ expiresAt, lifetimeMs: expiresAt - storedAt }, this.#now(), LEAD_MS);
  }

  /**
   * Stores the tokens. Omits `generation` and `origin`, because they describe a stored session. Also omits `returnTo` and
   * `asked`, because they describe a login.
   */
  write(key: string, tokens: TokenSet): Promise<void> {
    const { generation: _, origin: __, returnTo: ___, asked: ____, ...stored } = tokens;
    const { configHash = "" } = this.#config;
    return this.#put(key, { version: 2, configHash, storedAt: this.#now(), tokens: { ...stored } });
  }

  /**
   * Called when the server says that `refreshToken` is no longer valid. Removes `refreshToken` from the record. The access
   * token stays, because it might still be valid. If another call has stored a newer refresh token, does nothing.
   */
  async dropRefreshToken(key: string, refreshToken: string | undefined): Promise<void> {
    const record = await this.read(key);
    if (!record || record.tokens.refreshToken !== refreshToken) return;
    const { refreshToken: _, ...tokens } = record.tokens;
    const { refusal: __, ...rest } = record;
    await this.#put(key, { ...rest, tokens });
  }

  /**
   * Called when the server has refused `refreshToken`, but the refresh token might still be valid. Adds `refusal` to the
   * record. If another call has stored a newer refresh token, does nothing.
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
   * Deletes the record at `key`, and the copy that `read()` made if the record was unreadable. If `keep` returns true for the
   * record, deletes nothing.
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
    // A record with a refresh token is kept after the access token has expired, because the refresh token can still be used.
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

/** Returns the result of `work`, or undefined when `work` rejects or throws. An app's own storage might throw synchronously. */
async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}

/** A stored record of a `CachedGrant`. */
export interface CacheRecord {
  readonly version: 2;
  readonly configHash: string;
  /** When the tokens were stored. Milliseconds since the epoch. */
  readonly storedAt: number;
  readonly tokens: TokenSet;
  /** When and why the server last refused the refresh token. Set only if the refresh token might still be valid. */
  readonly refusal?: Refusal;
}

const MAY_BE_STRINGS = ["refreshToken", "idToken", "issuedTokenType"];

/** Returns `value` as a record. Returns undefined when a member is missing or has the wrong type. */
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

import { StorageError } from "../core/errors.ts";
import { parseRefusal } from "../core/refusal-pauses.ts";
import type { TokenStorage } from "../core/token-storage.ts";
import { invalidated, parseServiceTokens, type ServiceTokens } from "./service-tokens.ts";

/** The tokens that a write replaces. Without members: no tokens are stored. */
type Before = Partial<Pick<ServiceTokens, "accessToken" | "refreshToken">>;

/**
 * Returns true if the tokens `before` are still stored, or were stored until `invalidateToken()` deleted their access token.
 */
function isStill(stored: ServiceTokens | undefined, before: Before): boolean {
  if (stored?.accessToken === before.accessToken) return true;
  return stored?.accessToken === "" && stored.refreshToken === before.refreshToken;
}

/** Tokens whose last write failed. */
interface Unsaved {
  readonly tokens: ServiceTokens;
  /** The tokens that the storage held before the first write that failed. */
  readonly instead: Before;
  /** The error of the last write. */
  readonly cause: unknown;
}

/**
 * Reads and writes `ServiceTokens`. If a write fails, the tokens stay in memory, and each later `read()` tries to write them
 * again.
 */
export class ServiceTokenStore {
  readonly #storage: TokenStorage;
  readonly #unsaved = new Map<string, Unsaved>();

  constructor(storage: TokenStorage) {
    this.#storage = storage;
  }

  /**
   * Returns the tokens at `key`. If the last write failed, returns the tokens from memory, unless another tab has stored newer
   * tokens. `now`: milliseconds since the epoch.
   * @throws StorageError the storage cannot be read
   */
  async read(key: string, now: number): Promise<ServiceTokens | undefined> {
    const unsaved = this.#unsaved.get(key);
    if (!unsaved) return this.#read(key);
    try {
      const stored = await this.#read(key);
      if (!isStill(stored, unsaved.instead)) {
        this.#unsaved.delete(key);
        return stored;
      }
    } catch {
      return unsaved.tokens;
    }
    await this.#write(key, unsaved.tokens, now, [unsaved.instead]);
    return unsaved.tokens;
  }

  /**
   * Writes all tokens whose last write failed. `now`: milliseconds since the epoch.
   * @throws StorageError the storage failed again; the tokens are still only in memory
   */
  async save(now: number): Promise<void> {
    await Promise.all([...this.#unsaved.keys()].map((key) => this.read(key, now)));
    const [unsaved] = this.#unsaved.values();
    if (unsaved) throw new StorageError("tokens could not be stored", unsaved.cause);
  }

  /**
   * Stores the tokens. If the storage fails, keeps the tokens in memory. Never rejects. `now`: milliseconds since the epoch.
   * Returns false if the storage has `replace()`, and other tokens than `instead` are stored. The other tokens stay.
   * @param instead the tokens that were stored before this write. If the write fails, `read()` uses `instead` to recognize newer
   * tokens of another tab
   */
  write(
    key: string,
    tokens: ServiceTokens,
    now: number,
    instead: ServiceTokens | undefined,
  ): Promise<boolean> {
    // Tokens that have expired meanwhile are missing.
    return this.#write(key, tokens, now, [instead ?? {}, {}]);
  }

  /**
   * Does what `write()` does with `tokens`, which have the same access token as the stored tokens. If the storage has
   * `replace()`, does not store tokens that were deleted meanwhile.
   */
  async change(key: string, tokens: ServiceTokens, now: number): Promise<void> {
    const { accessToken } = tokens;
    await this.#write(key, tokens, now, [{ accessToken }]);
  }

  /**
   * Deletes the access token of `tokens`. The refresh token stays stored.
   * @throws StorageError the storage failed; the access token might still be stored
   */
  async invalidate(key: string, tokens: ServiceTokens): Promise<void> {
    const { accessToken } = tokens;
    await this.#replace(key, invalidated(tokens), undefined, [{ accessToken }]);
    this.#unsaved.delete(key);
  }

  /**
   * Deletes the tokens in the storage and in memory. If the storage has `replace()`, other tokens than `instead` stay.
   * @throws StorageError the storage failed; the tokens might still be stored
   */
  async remove(key: string, instead: Before): Promise<void> {
    try {
      await this.#replace(key, undefined, undefined, [instead]);
    } finally {
      this.#unsaved.delete(key);
    }
  }

  /**
   * Deletes all tokens at `key`, in the storage and in memory.
   * @throws StorageError the storage failed; the tokens might still be stored
   */
  async delete(key: string): Promise<void> {
    this.#unsaved.delete(key);
    await this.#storage.delete(key);
  }

  /** `known`: the tokens that may be replaced, first the expected ones. */
  async #write(
    key: string,
    tokens: ServiceTokens,
    now: number,
    known: readonly Before[],
  ): Promise<boolean> {
    try {
      const { refreshToken, expiresAt } = tokens;
      // The expiry of a refresh token is unknown, so tokens with a refresh token are stored without an expiry.
      const isKept = Boolean(refreshToken) || expiresAt > now;
      const ttlMs = refreshToken ? undefined : expiresAt - now;
      const isStored = await this.#replace(key, isKept ? tokens : undefined, ttlMs, known);
      this.#unsaved.delete(key);
      return isStored;
    } catch (cause) {
      // After several failed writes, the storage still holds the tokens from before the first write.
      const { instead = known[0]! } = this.#unsaved.get(key) ?? {};
      this.#unsaved.set(key, { tokens, instead, cause });
      return true;
    }
  }

  /** Stores `tokens`, or deletes the stored tokens if `tokens` is undefined. Returns what `write()` returns. */
  async #replace(
    key: string,
    tokens: ServiceTokens | undefined,
    ttlMs: number | undefined,
    known: readonly Before[],
  ): Promise<boolean> {
    if (this.#storage.replace) {
      // While the last write is unsaved, the storage can still hold the token from before that write.
      const unsaved = this.#unsaved.get(key);
      const all = unsaved ? [...known, unsaved.instead] : known;
      return this.#storage.replace(key, tokens, ttlMs, (value) =>
        all.some((before) => isStill(parseServiceTokens(value), before)),
      );
    }
    if (!tokens) await this.#storage.delete(key);
    else if (ttlMs === undefined) await this.#storage.set(key, tokens);
    else await this.#storage.set(key, tokens, ttlMs);
    return true;
  }

  async #read(key: string): Promise<ServiceTokens | undefined> {
    const value = await this.#storage.get(key);
    const tokens = parseServiceTokens(value);
    if (value !== undefined && !tokens) await this.#deleteDamaged(key);
    if (!tokens?.refusal) return tokens;
    const { refusal: stored, ...rest } = tokens;
    const refusal = parseRefusal(stored);
    return { ...rest, ...(refusal && { refusal }) };
  }

  /** Deletes a damaged value. Tokens that another process has stored meanwhile stay. */
  async #deleteDamaged(key: string): Promise<void> {
    if (!this.#storage.replace) return this.#storage.delete(key);
    await this.#storage.replace(key, undefined, undefined, (stored) => !parseServiceTokens(stored));
  }
}

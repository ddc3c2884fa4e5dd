import { parseRefusal } from "../core/refusal-pauses.ts";
import type { Refusal } from "../core/session.ts";
import type { Lifetime } from "../core/token-lifetime.ts";
import type { TokenSet } from "../core/token-set.ts";
import type { TokenStorage } from "../core/token-storage.ts";

/** The stored tokens of one service and target. The ID token is not stored, because no later call needs it. */
export interface ServiceTokens extends Omit<TokenSet, "idToken" | "generation" | "origin"> {
  /** Empty after the access token was invalidated and the refresh token was kept. */
  readonly accessToken: string;
  /** Lifetime of the access token when it was stored. Milliseconds. */
  readonly lifetimeMs: number;
  /** The last refusal after which the refresh token was kept. */
  readonly refusal?: Refusal;
}

/** The latest time of a `Date`. It replaces `Infinity`, which JSON cannot hold. Milliseconds since the epoch. */
const LAST = 8.64e15;

/** Returns the stored form of `tokens`. `now`: milliseconds since the epoch. */
export function serviceTokens(tokens: TokenSet, now: number): ServiceTokens {
  const { accessToken, tokenType, scope, refreshToken, user, authTime } = tokens;
  const expiresAt = Math.min(tokens.expiresAt, LAST);
  return {
    accessToken,
    tokenType,
    expiresAt,
    lifetimeMs: expiresAt - now,
    scope,
    ...(refreshToken !== undefined && { refreshToken }),
    ...(user && { user }),
    ...(authTime !== undefined && { authTime }),
  };
}

/** Returns the tokens without the access token. */
export function invalidated(tokens: ServiceTokens): ServiceTokens {
  return { ...tokens, accessToken: "", expiresAt: 0 };
}

/** Returns the lifetime of the access token. */
export function lifetimeOf({ expiresAt, lifetimeMs }: ServiceTokens): Lifetime {
  return { expiresAt, lifetimeMs: lifetimeMs };
}

function parse(value: unknown): ServiceTokens | undefined {
  const tokens = value as ServiceTokens | undefined;
  return typeof tokens === "object" &&
    tokens !== null &&
    typeof tokens.accessToken === "string" &&
    typeof tokens.expiresAt === "number" &&
    typeof tokens.lifetimeMs === "number" &&
    ["string", "undefined"].includes(typeof tokens.refreshToken) &&
    Array.isArray(tokens.scope)
    ? tokens
    : undefined;
}

/**
 * Reads and writes `ServiceTokens`. Tokens that the storage does not accept are kept in memory until it accepts them, because
 * no other copy of a rotated refresh token exists.
 */
export class ServiceTokenStore {
  readonly #storage: TokenStorage;
  readonly #unsaved = new Map<string, { tokens: ServiceTokens; instead: string | undefined }>();

  constructor(storage: TokenStorage) {
    this.#storage = storage;
  }

  /** @throws StorageError the storage cannot be read */
  async read(key: string, now: number): Promise<ServiceTokens | undefined> {
    const unsaved = this.#unsaved.get(key);
    if (!unsaved) return this.#read(key);
    try {
      const stored = await this.#read(key);
      if (stored?.accessToken !== unsaved.instead) {
        this.#unsaved.delete(key);
        return stored;
      }
    } catch {
      return unsaved.tokens;
    }
    await this.write(key, unsaved.tokens, now, unsaved.instead);
    return unsaved.tokens;
  }

  /** Never rejects. `instead`: the access token that is stored now. */
  async write(
    key: string,
    tokens: ServiceTokens,
    now: number,
    instead: string | undefined,
  ): Promise<void> {
    try {
      const { refreshToken, expiresAt } = tokens;
      // A refresh token outlives its access token by an unknown time, so the value gets no time to live.
      if (refreshToken) await this.#storage.set(key, tokens);
      else if (expiresAt > now) await this.#storage.set(key, tokens, expiresAt - now);
      else await this.#storage.delete(key);
      this.#unsaved.delete(key);
    } catch {
      // The stored value is still the one from before the first failed write.
      this.#unsaved.set(key, { instead, ...this.#unsaved.get(key), tokens });
    }
  }

  /** @throws StorageError the tokens are still stored */
  async delete(key: string): Promise<void> {
    this.#unsaved.delete(key);
    await this.#storage.delete(key);
  }

  async #read(key: string): Promise<ServiceTokens | undefined> {
    const value = await this.#storage.get(key);
    const tokens = parse(value);
    if (value !== undefined && !tokens) await this.#storage.delete(key);
    if (!tokens?.refusal) return tokens;
    const { refusal: stored, ...rest } = tokens;
    const refusal = parseRefusal(stored);
    return { ...rest, ...(refusal && { refusal }) };
  }
}

import { parseRefusal } from "../core/refusal-pauses.ts";
import type { Refusal } from "../core/session.ts";
import type { Lifetime } from "../core/token-lifetime.ts";
import type { TokenSet } from "../core/token-set.ts";
import type { TokenStorage } from "../core/token-storage.ts";

/** The tokens of one service as they are stored. Without an ID token: nobody asks for it again. */
export interface ServiceTokens extends Omit<TokenSet, "idToken" | "generation" | "origin"> {
  /** Empty when it was invalidated and a refresh token is left. */
  readonly accessToken: string;
  /** Of the access token, as it was given. */
  readonly lifetimeMs: number;
  /** How the server refused the refresh token, which it did not end. */
  readonly refusal?: Refusal;
}

/** The last moment a `Date` can name: JSON knows no infinity. */
const LAST = 8.64e15;

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

export function invalidated(tokens: ServiceTokens): ServiceTokens {
  return { ...tokens, accessToken: "", expiresAt: 0 };
}

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

/** Reads and writes them. What the storage does not take stays here until it does: a rotated refresh token exists once. */
export class ServiceTokenStore {
  readonly #storage: TokenStorage;
  readonly #unsaved = new Map<string, { tokens: ServiceTokens; instead: string | undefined }>();

  constructor(storage: TokenStorage) {
    this.#storage = storage;
  }

  /** @throws StorageError */
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

  /** `instead`: the access token that stands there now. */
  async write(
    key: string,
    tokens: ServiceTokens,
    now: number,
    instead: string | undefined,
  ): Promise<void> {
    try {
      const { refreshToken, expiresAt } = tokens;
      // A refresh token outlives its access token, and nobody says by how much.
      if (refreshToken) await this.#storage.set(key, tokens);
      else if (expiresAt > now) await this.#storage.set(key, tokens, expiresAt - now);
      else await this.#storage.delete(key);
      this.#unsaved.delete(key);
    } catch {
      // What stands there is still what stood there when the first one was not taken.
      this.#unsaved.set(key, { instead, ...this.#unsaved.get(key), tokens });
    }
  }

  /** @throws StorageError */
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

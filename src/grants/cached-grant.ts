import { encodeKey } from "../core/keys.ts";
import {
  requestFromUser,
  requestSilently,
  storedOrRequested,
  type CachedTokens,
  type Found,
} from "../core/cached-request.ts";
import { completing } from "../core/complete-tokens.ts";
import type { NoTokenError, RefreshTokenError } from "../core/errors.ts";
import { Flights } from "../core/flights.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import { type TabLock, wallClock } from "../core/ports.ts";
import { LocalLocks } from "../core/promise-queue.ts";
import { tokenSet, type TokenSet } from "../core/token-set.ts";
import { UserKeys } from "../core/user-keys.ts";
import { targetKey } from "../core/token-target.ts";
import { CachedUsers } from "./cached-users.ts";
import { type CacheRecord, TokenCache, type TokenCacheConfig } from "./token-cache.ts";

/** The options of a `CachedGrant`. */
export interface CachedGrantConfig extends TokenCacheConfig {
  /**
   * The prefix of the storage keys. The rest of each key is made from the user, scope, resource and audience. If the tokens
   * also depend on another member of the request, such as `context`, pass a function that returns the prefix for the request.
   */
  readonly key: string | ((request: TokenRequest) => string);
  /**
   * The locks that prevent concurrent requests for the same tokens. If several tabs use this `storage`, pass locks that all
   * these tabs share. Default: locks that only this `CachedGrant` uses.
   */
  readonly locks?: Pick<TabLock, "request">;
}

/** The values that stay the same during one call of `requestToken()`. */
interface Lookup {
  readonly request: TokenRequest;
  /** The `sub` of the user whose tokens are read and stored. Undefined when the user is unknown. */
  readonly user: string | undefined;
  /** How many users had been removed when the call began. If a user is removed during the call, the tokens are not stored. */
  readonly departures: number;
}

/**
 * Stores the inner grant's tokens, and returns the stored tokens while they are valid. If the stored tokens are missing or
 * expire soon, or if the request has `cache: "reload"`, calls the inner grant. The inner grant gets the stored tokens as
 * `request.tokens`, and can refresh them.
 *
 * The first call of the inner grant has `prompt: "none"`. If only the user can help, the inner grant is called a second time,
 * and can then ask the user. If the request itself has `prompt: "none"`, there is no second call.
 *
 * If the storage fails, the inner grant is called. Tokens with a `generation` are already stored in a session, so this grant
 * does not store them.
 * @example
 * const backend = new CustomGrant(async () => {
 *   const response = await fetch("/token", { method: "POST" });
 *   return response.json(); // { accessToken, expiresAt }
 * });
 * const grant = new CachedGrant(backend, { key: "backend", storage: new MemoryTokenStorage() });
 * const { accessToken } = await grant.requestToken({});
 */
export class CachedGrant implements Grant {
  readonly #inner: Grant;
  /** The inner grant, whose tokens are validated and completed. */
  readonly #source: Pick<Grant, "requestToken">;
  readonly #key: CachedGrantConfig["key"];
  readonly #cache: TokenCache;
  readonly #locks: Pick<TabLock, "request">;
  readonly #flights = new Flights<TokenSet>();
  readonly #users: CachedUsers;
  #calls = 0;

  constructor(inner: Grant, { key, locks = new LocalLocks(), ...config }: CachedGrantConfig) {
    this.#inner = inner;
    this.#source = completing(inner, config.clock ?? wallClock);
    this.#key = key;
    this.#locks = locks;
    this.#cache = new TokenCache(config);
    const name = typeof key === "string" ? key : "cached";
    this.#users = new CachedUsers({
      cache: this.#cache,
      keys: new UserKeys({ storage: config.storage, name, locks }),
      defaultKey: (user) => (typeof key === "string" ? this.#keyOf({}, user) : undefined),
    });
  }

  get owner(): Grant["owner"] {
    return this.#inner.owner;
  }

  /**
   * Rejects with the errors below, and with each error of the inner grant.
   * @throws NoTokenError no valid token is stored, and only a user can help
   * @throws RequestTokenError the inner grant's tokens have no `accessToken`, or another member is invalid. The message names the
   * member
   * @throws RefreshTokenError the stored refresh token is no longer valid, or the server requires a login
   */
  async requestToken(request: TokenRequest): Promise<TokenSet> {
    const { cache = "default", roundTrip, response, prompt, signal, ...rest } = request;
    if (roundTrip || response !== undefined || (prompt ?? "none") !== "none") {
      const { departures } = this.#users;
      const tokens = await this.#source.requestToken(request);
      return this.#storeInTurn(tokens, { request, user: whose(tokens, request), departures });
    }
    await this.#users.settled;
    const user = request.user ?? (await this.#ownerNow());
    const lookup = { request, user, departures: this.#users.departures };
    // If no user is signed in, stored tokens must not be returned, because they belong to an earlier user.
    if (this.owner && user === undefined) return this.#source.requestToken(request);
    const key = this.#keyOf(request, user);
    const { user: _, scope: __, resource: ___, audience: ____, ...more } = rest;
    // Concurrent calls for the same `key` share one call of the inner grant. Other members of the request, such as `context`,
    // can change the token. A call with such a member is not shared.
    const own = Object.keys(more).length > 0 && ++this.#calls;
    return this.#flights.join(
      JSON.stringify([key, cache, prompt, own, this.#users.departures]),
      (stop) =>
        this.#find(key, {
          ...lookup,
          request: { ...request, ...(signal && { signal: stop.signal }) },
        }),
      signal,
    );
  }

  async removeUser(sub: string): Promise<void> {
    await Promise.allSettled([this.#users.leave(sub), this.#inner.removeUser?.(sub)]);
  }

  async #find(key: string, lookup: Lookup): Promise<TokenSet> {
    const { cache = "default", prompt, signal } = lookup.request;
    const stored: CachedTokens<CacheRecord> = {
      read: () => this.#read(key, lookup),
      isGood: (record) => this.#cache.isGood(record),
      tokensOf: (record) => tokenSet(record.tokens),
      underLock: (work) => this.#inTurn(key, signal, work),
    };
    const before = await stored.read();
    if (cache === "default" && before && stored.isGood(before)) return stored.tokensOf(before);
    const { tokens, reason } = await storedOrRequested(cache, before, stored, (record) =>
      this.#request(key, lookup, record),
    );
    if (tokens) return tokens;
    if (prompt === "none") throw reason!;
    return this.#ask(lookup, reason!);
  }

  /** Returns the stored record, or undefined if the record contains another user's tokens. */
  async #read(key: string, { request }: Lookup): Promise<CacheRecord | undefined> {
    const record = await this.#cache.read(key);
    const sub = record?.tokens.user?.sub;
    return sub === undefined || (request.user ?? sub) === sub ? record : undefined;
  }

  async #request(key: string, lookup: Lookup, stored: CacheRecord | undefined): Promise<Found> {
    const { request } = lookup;
    const { tokens = stored?.tokens } = request;
    const refreshToken = tokens?.refreshToken;
    const found = await requestSilently(this.#source, request, {
      tokens,
      refusal: request.tokens ? request.refusal : stored?.refusal,
      dropRefreshToken: async () => {
        await this.#cache.dropRefreshToken(key, refreshToken);
        await request.onRefreshTokenRejected?.();
      },
      putRefusal: async (refusal) => {
        await this.#cache.putRefusal(key, refreshToken, refusal);
        await request.onRefused?.(refusal);
      },
      delete: async () => {
        if (refreshToken === stored?.tokens.refreshToken) await this.#cache.delete(key);
      },
    });
    return found.tokens ? { tokens: await this.#store(found.tokens, lookup) } : found;
  }

  /**
   * Calls the inner grant, which is now allowed to ask the user. The request omits the stored tokens, because another call
   * might refresh these tokens meanwhile.
   */
  async #ask(lookup: Lookup, reason: NoTokenError | RefreshTokenError): Promise<TokenSet> {
    const {
      tokens: _,
      onRefreshTokenRejected: __,
      refusal: ___,
      onRefused: ____,
      ...request
    } = lookup.request;
    return this.#storeInTurn(await requestFromUser(this.#source, request, reason), lookup);
  }

  /**
   * Takes the lock of the record and stores the tokens. Without the lock, a running refresh might overwrite the tokens. If the
   * lock cannot be taken, stores the tokens without the lock.
   */
  #storeInTurn(tokens: TokenSet, lookup: Lookup): Promise<TokenSet> {
    const store = () => this.#store(tokens, lookup);
    return this.#inTurn(this.#keyOf(lookup.request, lookup.user), undefined, store).catch(store);
  }

  async #store(tokens: TokenSet, lookup: Lookup): Promise<TokenSet> {
    if (tokens.generation === undefined && (await this.#isTheirs(tokens, lookup))) {
      const { request, user = "" } = lookup;
      const key = this.#keyOf(request, user);
      await this.#cache.write(key, tokens);
      await this.#users.add(user, key);
    }
    return tokens;
  }

  /** Returns true if the tokens belong to the user of the call, and no user was removed during the call. */
  async #isTheirs(tokens: TokenSet, { request, user, departures }: Lookup): Promise<boolean> {
    if (departures !== this.#users.departures) return false;
    const sub = tokens.user?.sub;
    if (request.user !== undefined) return sub === undefined || sub === request.user;
    // Another user might have signed in during the call.
    return !this.owner || user === (await this.#ownerNow());
  }

  async #ownerNow(): Promise<string | undefined> {
    return (await this.owner?.getUser())?.sub;
  }

  #inTurn<T>(key: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    return this.#locks.request(
      `cached/${key}`,
      { mode: "exclusive", ...(signal && { signal }) },
      work,
    );
  }

  #keyOf(request: TokenRequest, user = ""): string {
    const prefix = typeof this.#key === "string" ? this.#key : this.#key(request);
    return `${prefix}/${encodeKey(user)}/${targetKey(request)}`;
  }
}

/**
 * Returns which user the tokens belong to: the `user` of the request, or the user who has just logged in. Otherwise returns
 * undefined.
 */
function whose(
  { user }: TokenSet,
  { user: sub, roundTrip, response }: TokenRequest,
): string | undefined {
  return sub ?? (roundTrip || response !== undefined ? user?.sub : undefined);
}

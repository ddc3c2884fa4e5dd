import {
  requestFromUser,
  requestSilently,
  storedOrRequested,
  type CachedTokens,
  type Found,
} from "../core/cached-request.ts";
import type { NoTokenError, RefreshTokenError } from "../core/errors.ts";
import { Flights } from "../core/flights.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import type { TabLock } from "../core/ports.ts";
import { LocalLocks } from "../core/promise-queue.ts";
import { tokenSet, type TokenSet } from "../core/token-set.ts";
import { UserKeys } from "../core/user-keys.ts";
import { targetKey } from "../core/token-target.ts";
import { CachedUsers } from "./cached-users.ts";
import { type CacheRecord, TokenCache, type TokenCacheConfig } from "./token-cache.ts";

/** The options of a `CachedGrant`: where it stores tokens, and under which keys. */
export interface CachedGrantConfig extends TokenCacheConfig {
  /**
   * The prefix of the storage keys. Each combination of user, scope, resource and audience has a record with its own key. If
   * the tokens also depend on other members of the request, such as `context`, pass a function that returns a prefix for the
   * request.
   */
  readonly key: string | ((request: TokenRequest) => string);
  /**
   * The locks that prevent concurrent requests for the same record. All tabs that share this `storage` must share the locks,
   * too. The default locks work only between the calls of one `CachedGrant` object.
   */
  readonly locks?: Pick<TabLock, "request">;
}

/** One call of `requestToken()`, and the user whose record the call uses. */
interface Lookup {
  readonly request: TokenRequest;
  /**
   * The `sub` of the user whose record is used:
   * - If the request has a `user`: this user.
   * - If this call logged a user in: the user who logged in.
   * - Otherwise: the current user of the inner grant's `owner`. Undefined when there is no current user.
   */
  readonly user: string | undefined;
  /**
   * The number of users that had been removed when the call began. If the number is different at the end of the call, a user
   * was removed during the call, and the tokens are not stored.
   */
  readonly departures: number;
}

/**
 * Stores the inner grant's tokens, and returns the stored tokens while they are valid. If the stored tokens are missing, too
 * old or about to expire, or if the request has `cache: "reload"`, the inner grant is called. The inner grant gets the stored
 * tokens as `request.tokens`, so that it can refresh them. It also gets `prompt: "none"`, so that it does not ask the user. For
 * each record, only one such call runs at a time.
 *
 * If the inner grant rejects because it must ask the user, the inner grant is called a second time, without `request.tokens`.
 * In the second call the inner grant can ask the user. If the request has `prompt: "none"`, there is no second call, and this
 * grant rejects with the error of the first call.
 *
 * When the storage fails, the inner grant is called. No call rejects because of the storage. Tokens with a `generation` are
 * already stored in a session, so this grant does not store them. If a request has no `user`, but the inner grant has an
 * `owner`, this grant uses the record of the user that `owner.getUser()` returns. `removeUser()` deletes a user's records.
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
  readonly #key: CachedGrantConfig["key"];
  readonly #cache: TokenCache;
  readonly #locks: Pick<TabLock, "request">;
  readonly #flights = new Flights<TokenSet>();
  readonly #users: CachedUsers;
  #calls = 0;

  constructor(inner: Grant, { key, locks = new LocalLocks(), ...config }: CachedGrantConfig) {
    this.#inner = inner;
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
   * @throws RefreshTokenError the stored refresh token is no longer valid, or the server requires a login
   */
  async requestToken(request: TokenRequest): Promise<TokenSet> {
    const { cache = "default", roundTrip, response, prompt, signal, ...rest } = request;
    if (roundTrip || response !== undefined || (prompt ?? "none") !== "none") {
      const { departures } = this.#users;
      const tokens = await this.#inner.requestToken(request);
      return this.#storeInTurn(tokens, { request, user: whose(tokens, request), departures });
    }
    await this.#users.settled;
    const user = request.user ?? (await this.#ownerNow());
    const lookup = { request, user, departures: this.#users.departures };
    // If the `owner` has no current user, the stored tokens of earlier users must not be returned.
    if (this.owner && user === undefined) return this.#inner.requestToken(request);
    const key = this.#keyOf(request, user);
    const { user: _, scope: __, resource: ___, audience: ____, ...more } = rest;
    // Concurrent calls for the same record share one call of the inner grant. But a request can also have members, such as
    // `context`, that change the token and are not a part of the record's key. A call with such a member is not shared.
    const own = Object.keys(more).length > 0 && ++this.#calls;
    return this.#flights.join(
      JSON.stringify([key, cache, prompt, own, this.#users.departures]),
      (stop) =>
        this.#find(key, { ...lookup, request: { ...request, ...(signal && { signal: stop }) } }),
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

  /**
   * Returns the stored record. If the record contains another user's tokens, it is damaged, and this method returns undefined.
   */
  async #read(key: string, { request }: Lookup): Promise<CacheRecord | undefined> {
    const record = await this.#cache.read(key);
    const sub = record?.tokens.user?.sub;
    return sub === undefined || (request.user ?? sub) === sub ? record : undefined;
  }

  async #request(key: string, lookup: Lookup, stored: CacheRecord | undefined): Promise<Found> {
    const { request } = lookup;
    const { tokens = stored?.tokens } = request;
    const refreshToken = tokens?.refreshToken;
    const found = await requestSilently(this.#inner, request, {
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
   * Calls the inner grant so that it can ask the user. The stored tokens are left out of this request, because another call
   * might refresh them at the same time.
   */
  async #ask(lookup: Lookup, reason: NoTokenError | RefreshTokenError): Promise<TokenSet> {
    const {
      tokens: _,
      onRefreshTokenRejected: __,
      refusal: ___,
      onRefused: ____,
      ...request
    } = lookup.request;
    return this.#storeInTurn(await requestFromUser(this.#inner, request, reason), lookup);
  }

  /**
   * Takes the record's lock and stores the tokens. Without the lock, a refresh in progress might overwrite the tokens. If the
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

  /** Returns true if the tokens belong to the user of the call and no user was removed after the call began. */
  async #isTheirs(tokens: TokenSet, { request, user, departures }: Lookup): Promise<boolean> {
    if (departures !== this.#users.departures) return false;
    const sub = tokens.user?.sub;
    if (request.user !== undefined) return sub === undefined || sub === request.user;
    // The owner's current user might have changed during the call.
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
    return `${prefix}/${encodeURIComponent(user)}/${targetKey(request)}`;
  }
}

/**
 * Returns the `sub` of the user whose record gets the tokens. If the request has a `user`, returns this `user`. If a login got
 * the tokens, returns the `sub` of the user who logged in. Otherwise returns undefined.
 */
function whose(
  { user }: TokenSet,
  { user: sub, roundTrip, response }: TokenRequest,
): string | undefined {
  return sub ?? (roundTrip || response !== undefined ? user?.sub : undefined);
}

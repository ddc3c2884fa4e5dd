import { NoTokenError, type RefreshTokenError } from "../core/errors.ts";
import { Flights } from "../core/flights.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import type { TabLock } from "../core/ports.ts";
import { isSessionOver, needsUser } from "../core/refresh-failure.ts";
import type { Refusal } from "../core/session.ts";
import { tokenSet, type TokenSet } from "../core/token-set.ts";
import { UserKeys } from "../core/user-keys.ts";
import { targetKey } from "../core/token-target.ts";
import { CachedUsers } from "./cached-users.ts";
import { Turns } from "./turns.ts";
import { type CacheRecord, TokenCache, type TokenCacheConfig } from "./token-cache.ts";

export interface CachedGrantConfig extends TokenCacheConfig {
  /** Under which records are kept; each person and each want has one of its own. A function, when they depend on the context. */
  readonly key: string | ((request: TokenRequest) => string);
  /** Shared by all who share the storage; without them, this object's own calls wait for each other. */
  readonly locks?: Pick<TabLock, "request">;
}

/** An answer, or why there is none without a person. */
interface Found {
  readonly tokens?: TokenSet;
  readonly reason?: NoTokenError | RefreshTokenError;
}

/** One call, and for whom it was made. */
interface Lookup {
  readonly request: TokenRequest;
  /** Whose record is meant: of the request, or of the inner grant. Undefined when neither says. */
  readonly user: string | undefined;
  /** How many users had left when the call began. */
  readonly departures: number;
}

/**
 * Remembers the inner grant's answers until they are too old, their token is about to expire, or `cache: "reload"`. Tokens that
 * ran out go along as `request.tokens`, so that a grant inside can refresh them: one call at a time, with `prompt: "none"`. When
 * that gives none, the inner grant is asked again without them, as the request says. A storage that fails costs a request,
 * never the token. Answers out of a stored session are not stored again. A request without a user gets the record of the inner
 * grant's `owner`, if the grant has one. The records of a user who leaves are deleted.
 */
export class CachedGrant implements Grant {
  readonly #inner: Grant;
  readonly #key: CachedGrantConfig["key"];
  readonly #cache: TokenCache;
  readonly #locks: Pick<TabLock, "request">;
  readonly #flights = new Flights<TokenSet>();
  readonly #users: CachedUsers;
  #calls = 0;

  constructor(inner: Grant, { key, locks = new Turns(), ...config }: CachedGrantConfig) {
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
    // Nobody is signed in, so nothing that is stored may be given.
    if (this.owner && user === undefined) return this.#inner.requestToken(request);
    const key = this.#keyOf(request, user);
    const { user: _, scope: __, resource: ___, audience: ____, ...more } = rest;
    // Requests with members beyond the record's key are not shared.
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
    const before = await this.#read(key, lookup);
    if (cache === "default" && before && this.#cache.isGood(before)) return tokenSet(before.tokens);
    const { tokens, reason } = await this.#inTurn(key, signal, async () => {
      // Perhaps somebody else was here first.
      const now = await this.#read(key, lookup);
      const isNews = cache === "default" || now?.tokens.accessToken !== before?.tokens.accessToken;
      if (isNews && now && this.#cache.isGood(now)) return { tokens: tokenSet(now.tokens) };
      return this.#request(key, lookup, now);
    });
    if (tokens) return tokens;
    if (prompt === "none") throw reason!;
    return this.#ask(lookup, reason!);
  }

  /** A record that has another user's tokens is damaged. */
  async #read(key: string, { request }: Lookup): Promise<CacheRecord | undefined> {
    const record = await this.#cache.read(key);
    const sub = record?.tokens.user?.sub;
    return sub === undefined || (request.user ?? sub) === sub ? record : undefined;
  }

  /** Without a person, who may take long. */
  async #request(key: string, lookup: Lookup, stored: CacheRecord | undefined): Promise<Found> {
    const { request } = lookup;
    const { tokens: cached = stored?.tokens } = request;
    const refusal = request.tokens ? request.refusal : stored?.refusal;
    let isInvalidGrant = false;
    const onRefreshTokenRejected = async () => {
      isInvalidGrant = true;
      await this.#cache.dropRefreshToken(key, cached?.refreshToken);
      await request.onRefreshTokenRejected?.();
    };
    const onRefused = async (refusal: Refusal) => {
      await this.#cache.putRefusal(key, cached?.refreshToken, refusal);
      await request.onRefused?.(refusal);
    };
    try {
      const tokens = await this.#inner.requestToken({
        ...request,
        prompt: "none",
        ...(cached && { tokens: cached, onRefreshTokenRejected, onRefused }),
        ...(refusal && { refusal }),
      });
      return { tokens: await this.#store(tokens, lookup) };
    } catch (error) {
      const isStored = cached?.refreshToken === stored?.tokens.refreshToken;
      if (isSessionOver(error) && isStored) await this.#cache.delete(key);
      if (needsUser(error, isInvalidGrant)) return { reason: error };
      throw error;
    }
  }

  async #ask(lookup: Lookup, reason: NoTokenError | RefreshTokenError): Promise<TokenSet> {
    const {
      tokens: _,
      onRefreshTokenRejected: __,
      refusal: ___,
      onRefused: ____,
      ...anew
    } = lookup.request;
    try {
      return await this.#storeInTurn(await this.#inner.requestToken(anew), lookup);
    } catch (error) {
      throw error instanceof NoTokenError ? reason : error;
    }
  }

  /** Stores what came with a person's help, after whatever is being refreshed. */
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

  /** Whether the answer belongs to the user of the lookup, who is still here. */
  async #isTheirs(tokens: TokenSet, { request, user, departures }: Lookup): Promise<boolean> {
    if (departures !== this.#users.departures) return false;
    const sub = tokens.user?.sub;
    if (request.user !== undefined) return sub === undefined || sub === request.user;
    // The inner grant's user may have changed meanwhile.
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

/** Of a login the answer tells whose its tokens are. */
function whose(
  { user }: TokenSet,
  { user: sub, roundTrip, response }: TokenRequest,
): string | undefined {
  return sub ?? (roundTrip || response !== undefined ? user?.sub : undefined);
}

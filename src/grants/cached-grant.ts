import { NoTokenError, type RefreshTokenError } from "../core/errors.ts";
import { Flights } from "../core/flights.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import type { TabLock } from "../core/ports.ts";
import { isSessionOver, needsUser } from "../core/refresh-failure.ts";
import type { Refusal } from "../core/session.ts";
import { tokenSet, type TokenSet } from "../core/token-set.ts";
import { UserKeys } from "../core/user-keys.ts";
import { wantKey } from "../core/want.ts";
import type { CacheRecord } from "./cache-record.ts";
import { CachedUsers } from "./cached-users.ts";
import { TokenCache, type TokenCacheConfig } from "./token-cache.ts";
import { Turns } from "./turns.ts";

export interface CachedGrantConfig extends TokenCacheConfig {
  /** Under which records are kept; each person and each want has one of its own. A function, when they depend on the context. */
  readonly key: string | ((request: TokenRequest) => string);
  /** Shared by all who share the storage; without them, this object's own calls wait for each other. */
  readonly locks?: Pick<TabLock, "request">;
}

/** An answer, or why there is none without a person. */
interface Found {
  readonly tokens?: TokenSet;
  readonly why?: NoTokenError | RefreshTokenError;
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
      usualKey: (user) => (typeof key === "string" ? this.#keyOf({}, user) : undefined),
    });
  }

  get owner(): Grant["owner"] {
    return this.#inner.owner;
  }

  async requestToken(request: TokenRequest): Promise<TokenSet> {
    const { cache = "default", trip, response, prompt, signal, ...rest } = request;
    if (trip || response !== undefined || (prompt ?? "none") !== "none") {
      const { departures } = this.#users;
      const answer = await this.#inner.requestToken(request);
      return this.#keep(answer, { request, user: whose(answer, request), departures });
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

  async userLeft(sub: string): Promise<void> {
    await Promise.allSettled([this.#users.leave(sub), this.#inner.userLeft?.(sub)]);
  }

  async #find(key: string, lookup: Lookup): Promise<TokenSet> {
    const { cache = "default", prompt, signal } = lookup.request;
    const before = await this.#read(key, lookup);
    if (cache === "default" && before && this.#cache.isGood(before)) return tokenSet(before.tokens);
    const { tokens, why } = await this.#inTurn(key, signal, async () => {
      // Perhaps somebody else was here first.
      const now = await this.#read(key, lookup);
      const isNews = cache === "default" || now?.tokens.accessToken !== before?.tokens.accessToken;
      if (isNews && now && this.#cache.isGood(now)) return { tokens: tokenSet(now.tokens) };
      return this.#request(key, lookup, now);
    });
    if (tokens) return tokens;
    if (prompt === "none") throw why!;
    return this.#ask(lookup, why!);
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
    const { tokens: held = stored?.tokens } = request;
    const refusal = request.tokens ? request.refusal : stored?.refusal;
    let isUsedUp = false;
    const onUsedUp = async () => {
      isUsedUp = true;
      await this.#cache.dropRefreshToken(key, held?.refreshToken);
      await request.onUsedUp?.();
    };
    const onRefused = async (refusal: Refusal) => {
      await this.#cache.putRefusal(key, held?.refreshToken, refusal);
      await request.onRefused?.(refusal);
    };
    try {
      const answer = await this.#inner.requestToken({
        ...request,
        prompt: "none",
        ...(held && { tokens: held, onUsedUp, onRefused }),
        ...(refusal && { refusal }),
      });
      return { tokens: await this.#store(answer, lookup) };
    } catch (error) {
      const isStored = held?.refreshToken === stored?.tokens.refreshToken;
      if (isSessionOver(error) && isStored) await this.#cache.delete(key);
      if (needsUser(error, isUsedUp)) return { why: error };
      throw error;
    }
  }

  async #ask(lookup: Lookup, why: NoTokenError | RefreshTokenError): Promise<TokenSet> {
    const { tokens: _, onUsedUp: __, refusal: ___, onRefused: ____, ...anew } = lookup.request;
    try {
      return await this.#keep(await this.#inner.requestToken(anew), lookup);
    } catch (error) {
      throw error instanceof NoTokenError ? why : error;
    }
  }

  /** Stores what came with a person's help, after whatever is being refreshed. */
  #keep(answer: TokenSet, lookup: Lookup): Promise<TokenSet> {
    const store = () => this.#store(answer, lookup);
    return this.#inTurn(this.#keyOf(lookup.request, lookup.user), undefined, store).catch(store);
  }

  async #store(answer: TokenSet, lookup: Lookup): Promise<TokenSet> {
    if (answer.generation === undefined && (await this.#isTheirs(answer, lookup))) {
      const { request, user = "" } = lookup;
      const key = this.#keyOf(request, user);
      await this.#cache.write(key, answer);
      await this.#users.add(user, key);
    }
    return answer;
  }

  /** Whether the answer belongs to the user of the lookup, who is still here. */
  async #isTheirs(answer: TokenSet, { request, user, departures }: Lookup): Promise<boolean> {
    if (departures !== this.#users.departures) return false;
    const sub = answer.user?.sub;
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
    return `${prefix}/${encodeURIComponent(user)}/${wantKey(request)}`;
  }
}

/** Of a login the answer tells whose its tokens are. */
function whose(
  { user }: TokenSet,
  { user: sub, trip, response }: TokenRequest,
): string | undefined {
  return sub ?? (trip || response !== undefined ? user?.sub : undefined);
}

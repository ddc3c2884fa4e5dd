import { NoTokenError, type RefreshTokenError } from "../core/errors.ts";
import { Flights } from "../core/flights.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import type { TabLock } from "../core/ports.ts";
import { isSessionOver, needsUser } from "../core/refresh-failure.ts";
import type { Refusal } from "../core/session.ts";
import { tokenSet, type TokenSet } from "../core/token-set.ts";
import { wantKey } from "../core/want.ts";
import type { CacheRecord } from "./cache-record.ts";
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

/**
 * Remembers the inner grant's answers until they are too old, their token is about to expire, or `cache: "reload"`. Tokens that
 * ran out go along as `request.tokens`, so that a grant inside can refresh them: one call at a time, with `prompt: "none"`. When
 * that gives none, the inner grant is asked again without them, as the request says. A storage that fails costs a request,
 * never the token. Answers out of a stored session are not stored again.
 */
export class CachedGrant implements Grant {
  readonly #inner: Grant;
  readonly #key: CachedGrantConfig["key"];
  readonly #cache: TokenCache;
  readonly #locks: Pick<TabLock, "request">;
  readonly #flights = new Flights<TokenSet>();
  #calls = 0;

  constructor(inner: Grant, { key, locks = new Turns(), ...config }: CachedGrantConfig) {
    this.#inner = inner;
    this.#key = key;
    this.#locks = locks;
    this.#cache = new TokenCache(config);
  }

  async requestToken(request: TokenRequest): Promise<TokenSet> {
    const { cache = "default", trip, response, prompt, signal, ...rest } = request;
    if (trip || response !== undefined || (prompt ?? "none") !== "none") {
      return this.#keep(await this.#inner.requestToken(request), request);
    }
    const key = this.#keyOf(request, request.user);
    const { user: _, scope: __, resource: ___, audience: ____, ...more } = rest;
    // Whoever says more than what the key is made of waits for an answer of its own.
    const own = Object.keys(more).length > 0 && ++this.#calls;
    return this.#flights.join(
      JSON.stringify([key, cache, prompt, own]),
      (stop) => this.#find(key, { ...request, ...(signal && { signal: stop }) }),
      signal,
    );
  }

  async #find(key: string, request: TokenRequest): Promise<TokenSet> {
    const { cache = "default", prompt, signal } = request;
    const before = await this.#cache.read(key);
    if (cache === "default" && before && this.#cache.isGood(before)) return tokenSet(before.tokens);
    const { tokens, why } = await this.#inTurn(key, signal, async () => {
      // Perhaps somebody else was here first.
      const now = await this.#cache.read(key);
      const isNews = cache === "default" || now?.tokens.accessToken !== before?.tokens.accessToken;
      if (isNews && now && this.#cache.isGood(now)) return { tokens: tokenSet(now.tokens) };
      return this.#request(key, request, now);
    });
    if (tokens) return tokens;
    if (prompt === "none") throw why!;
    return this.#ask(request, why!);
  }

  /** Without a person, who may take long. */
  async #request(
    key: string,
    request: TokenRequest,
    stored: CacheRecord | undefined,
  ): Promise<Found> {
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
      return { tokens: await this.#store(answer, request) };
    } catch (error) {
      const isStored = held?.refreshToken === stored?.tokens.refreshToken;
      if (isSessionOver(error) && isStored) await this.#cache.delete(key);
      if (needsUser(error, isUsedUp)) return { why: error };
      throw error;
    }
  }

  async #ask(request: TokenRequest, why: NoTokenError | RefreshTokenError): Promise<TokenSet> {
    const { tokens: _, onUsedUp: __, refusal: ___, onRefused: ____, ...anew } = request;
    try {
      return await this.#keep(await this.#inner.requestToken(anew), request);
    } catch (error) {
      throw error instanceof NoTokenError ? why : error;
    }
  }

  /** Stores what came with a person's help, after whatever is being refreshed. */
  #keep(answer: TokenSet, request: TokenRequest): Promise<TokenSet> {
    const store = () => this.#store(answer, request);
    return this.#inTurn(this.#keyOf(request, whose(answer, request)), undefined, store).catch(
      store,
    );
  }

  async #store(answer: TokenSet, request: TokenRequest): Promise<TokenSet> {
    const { user, generation } = answer;
    const isOthers = user && request.user !== undefined && user.sub !== request.user;
    if (generation === undefined && !isOthers) {
      await this.#cache.write(this.#keyOf(request, whose(answer, request)), answer);
    }
    return answer;
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

/** A login tells whose its tokens are. */
function whose(
  { user }: TokenSet,
  { user: sub, trip, response }: TokenRequest,
): string | undefined {
  return sub ?? (trip || response !== undefined ? user?.sub : undefined);
}

import { abortable } from "../core/abortable.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import type { Clock } from "../core/ports.ts";
import { tokenSet, type TokenSet } from "../core/token-set.ts";
import type { TokenStorage } from "../core/token-storage.ts";
import { wallClock } from "../core/wall-clock.ts";
import { wantKey } from "../core/want.ts";
import { parseRecord, type CacheRecord } from "./cache-record.ts";

export interface CachedGrantConfig {
  readonly storage: TokenStorage;
  /** Under which records are kept; each person and each want has one of its own. A function, when they depend on the context. */
  readonly key: string | ((request: TokenRequest) => string);
  /** Changes when the inner grant's configuration does: what was stored under another one is not used. */
  readonly configHash?: string;
  /** How old a record may be; as old as its token when not given. */
  readonly maxAgeMs?: number;
  readonly clock?: Pick<Clock, "now">;
}

/** For how long a record that cannot be read is kept for whoever looks into it. */
const ASIDE_MS = 86_400_000;

/**
 * Remembers the inner grant's answers until they are too old, their token is about to expire, or `cache: "reload"`. Tokens that
 * ran out go along as `request.tokens`, so that a grant inside can refresh them. A storage that fails costs a request, never the token.
 * Answers out of a stored session are not stored again.
 */
export class CachedGrant implements Grant {
  readonly #inner: Grant;
  readonly #config: CachedGrantConfig;

  constructor(inner: Grant, config: CachedGrantConfig) {
    this.#inner = inner;
    this.#config = config;
  }

  async requestToken(request: TokenRequest): Promise<TokenSet> {
    const { cache = "default", trip, response, prompt = "none", tokens, signal } = request;
    if (trip || response !== undefined || prompt !== "none") {
      return this.#store(await this.#inner.requestToken(request), request);
    }
    signal?.throwIfAborted();
    const record = await abortable(this.#read(request), signal);
    if (cache === "default" && record && this.#isGood(record)) return tokenSet(record.tokens);
    const held = tokens ?? record?.tokens;
    const answer = await this.#inner.requestToken({ ...request, ...(held && { tokens: held }) });
    return this.#store(answer, request);
  }

  /** Undefined when there is none of this configuration, or none that can be used. */
  async #read(request: TokenRequest): Promise<CacheRecord | undefined> {
    const { storage, configHash = "", maxAgeMs = Infinity } = this.#config;
    const key = this.#keyOf(request, request.user);
    const value = await attempt(() => storage.get(key));
    if (value === undefined || value === null) return undefined;
    const record = parseRecord(value);
    if (!record) {
      await attempt(() => storage.set(`${key}/aside`, value, ASIDE_MS));
      await attempt(() => storage.delete(key));
      return undefined;
    }
    const age = this.#now() - record.storedAt;
    return record.configHash === configHash && age >= 0 && age < maxAgeMs ? record : undefined;
  }

  #isGood({ storedAt, tokens: { expiresAt } }: CacheRecord): boolean {
    // A third at most: who lives for a minute can be remembered, too.
    const leeway = Math.min(30_000, (expiresAt - storedAt) / 3);
    return this.#now() < expiresAt - leeway;
  }

  async #store(answer: TokenSet, request: TokenRequest): Promise<TokenSet> {
    const { user, generation, origin: _, returnTo: __, ...tokens } = answer;
    const isOthers = user && request.user !== undefined && user.sub !== request.user;
    if (generation !== undefined || isOthers) return answer;
    const { storage, configHash = "", maxAgeMs = Infinity } = this.#config;
    const storedAt = this.#now();
    const record: CacheRecord = {
      v: 1,
      configHash,
      storedAt,
      tokens: { ...tokens, ...(user && { user }) },
    };
    // A refresh token is good when the access token is not any more.
    const life = tokens.refreshToken === undefined ? tokens.expiresAt - storedAt : Infinity;
    const ttlMs = Math.min(life, maxAgeMs);
    if (ttlMs <= 0) return answer;
    const isTravelled = request.trip !== undefined || request.response !== undefined;
    const key = this.#keyOf(request, request.user ?? (isTravelled ? user?.sub : undefined));
    await attempt(() => storage.set(key, record, ttlMs === Infinity ? undefined : ttlMs));
    return answer;
  }

  #keyOf(request: TokenRequest, user = ""): string {
    const { key } = this.#config;
    const prefix = typeof key === "string" ? key : key(request);
    return `${prefix}/${encodeURIComponent(user)}/${wantKey(request)}`;
  }

  #now(): number {
    return (this.#config.clock ?? wallClock).now();
  }
}

/** Undefined when it fails, however it does: an own storage may throw, too. */
async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}

import { NoTokenError, RefreshTokenError, TimeoutError } from "../core/errors.ts";
import { Flights } from "../core/flights.ts";
import type { Grant } from "../core/grant.ts";
import type { Clock, TabLock } from "../core/ports.ts";
import { tokenSet } from "../core/token-set.ts";
import { isFromFuture, remainingMs } from "../core/token-lifetime.ts";
import type { TokenStorage } from "../core/token-storage.ts";
import { wantKey, type Want } from "../core/want.ts";
import type {
  ForceRefreshOptions,
  InvalidateTokenOptions,
  ServiceTokenOptions,
} from "./service-token-options.ts";
import {
  invalidated,
  lifetimeOf,
  serviceTokens,
  ServiceTokenStore,
  type ServiceTokens,
} from "./service-tokens.ts";

/** A token, or why there is none without a person. */
interface Found {
  readonly token?: string;
  readonly why?: NoTokenError | RefreshTokenError;
}

export interface TokenManagerConfig {
  /**
   * Where tokens come from. One that refreshes is handed the stored tokens: see `RefreshTokenGrant`. It is asked with
   * `prompt: "none"` first, and again without when it needs a person for it, and one may be asked.
   */
  readonly provider: Grant;
  /** Where they are kept; the one truth, read at each call. */
  readonly storage: TokenStorage;
  /** `auth_token` when not given. Managers of one origin differ in it, or in `service`. */
  readonly keyPrefix?: string;
  /** Whose tokens: a name, with whatever makes them somebody's own, such as issuer, client and account. */
  readonly service?: string;
  /** Shared by all who share the storage. */
  readonly locks: TabLock;
  readonly clock: Pick<Clock, "now">;
  /** So long before its end a token is renewed, or a third of its life before when that is shorter. 30,000 when not given. */
  readonly leewayMs?: number;
  /** How long to wait for another tab that is getting the token. 30,000 when not given. */
  readonly patienceMs?: number;
}

/**
 * The tokens of one service, got once for all who share storage and locks. The access tokens of different scopes, resources
 * and audiences are kept apart, each with a refresh token of its own if there is one.
 */
export class TokenManager {
  readonly #config: TokenManagerConfig;
  readonly #store: ServiceTokenStore;
  readonly #flights = new Flights<string>();
  #calls = 0;

  constructor(config: TokenManagerConfig) {
    this.#config = config;
    this.#store = new ServiceTokenStore(config.storage);
  }

  /**
   * The stored token while it is good, else one that the provider gives now. A passing failure is not told while the stored
   * one still works, and changes nothing.
   * @throws NoTokenError there is none, and a person would have to be asked
   * @throws RequestTokenError refused
   * @throws RefreshTokenError the server ended what the stored refresh token stood for; it is deleted
   * @throws NetworkError no answer
   * @throws TimeoutError another tab has been getting it for too long
   * @throws StorageError the storage cannot be read
   */
  readonly getToken = (options: ServiceTokenOptions = {}): Promise<string> =>
    this.#join(options, "refresh");

  /** A token newer than the stored one, for all who ask at the same time. Rejects as `getToken()` does. */
  readonly forceRefresh = ({
    mode = "refresh",
    ...options
  }: ForceRefreshOptions = {}): Promise<string> =>
    this.#join({ ...options, cache: "reload" }, mode);

  /**
   * Drops the stored access token of this want, in every tab, so that the next call gets another one. A newer one that came
   * meanwhile stays. The refresh token is kept unless said otherwise: without it a person may have to sign in again.
   * @throws StorageError it is still stored
   */
  readonly invalidateToken = async ({
    refreshToken = "keep",
    signal,
    ...want
  }: InvalidateTokenOptions = {}): Promise<void> => {
    const key = this.#keyOf(want);
    const before = await this.#read(key);
    await this.#underLock(key, signal, async () => {
      const tokens = await this.#read(key);
      if (!tokens) return;
      const isSame = tokens.accessToken === before?.accessToken;
      if (refreshToken === "forget" || (isSame && !tokens.refreshToken)) {
        await this.#store.delete(key);
      } else if (isSame) {
        await this.#config.storage.set(key, invalidated(tokens));
      }
    });
  };

  async #join(options: ServiceTokenOptions, mode: ForceRefreshOptions["mode"]): Promise<string> {
    const { cache = "default", prompt, context, signal } = options;
    const key = this.#keyOf(options);
    const own = context && ++this.#calls;
    return this.#flights.join(
      JSON.stringify([key, cache, mode, prompt, own]),
      (stop) => this.#find(key, { ...options, cache, signal: stop }, mode),
      signal,
    );
  }

  async #find(
    key: string,
    options: ServiceTokenOptions & { signal: AbortSignal },
    mode: ForceRefreshOptions["mode"],
  ): Promise<string> {
    const isReload = options.cache === "reload";
    const before = await this.#read(key);
    if (!isReload && this.#isGood(before)) return before.accessToken;
    try {
      return await this.#get(key, before, options, mode);
    } catch (error) {
      if (isReload || error instanceof RefreshTokenError) throw error;
      const left = await this.#read(key).catch(() => undefined);
      if (left && remainingMs(lifetimeOf(left), this.#config.clock.now()) > 0) {
        return left.accessToken;
      }
      throw error;
    }
  }

  /** First without a person: whoever wants none does not wait for a call that asks one. */
  async #get(
    key: string,
    before: ServiceTokens | undefined,
    options: ServiceTokenOptions & { signal: AbortSignal },
    mode: ForceRefreshOptions["mode"],
  ): Promise<string> {
    const { cache, prompt = "if needed", signal } = options;
    const underLock = (lock: string, work: (now: ServiceTokens | undefined) => Promise<Found>) =>
      this.#underLock(lock, signal, async () => {
        // Perhaps somebody else was here first.
        const now = await this.#read(key);
        const isNews = cache !== "reload" || now?.accessToken !== before?.accessToken;
        return isNews && this.#isGood(now) ? { token: now.accessToken } : work(now);
      });
    let found: Found = {};
    if (prompt === "if needed" || prompt === "none") {
      found = await underLock(key, (now) => this.#request(key, now, options, mode));
      if (prompt === "none" && found.why) throw found.why;
    }
    if (found.token === undefined) {
      const { why } = found;
      found = await underLock(`${key}/person`, (now) => this.#ask(key, now, options, why));
    }
    return found.token!;
  }

  /** Without a person. */
  async #request(
    key: string,
    held: ServiceTokens | undefined,
    { cache, ...request }: ServiceTokenOptions,
    mode: ForceRefreshOptions["mode"],
  ): Promise<Found> {
    const { provider, clock } = this.#config;
    let isUsedUp = false;
    const onUsedUp = async () => {
      isUsedUp = true;
      const { refreshToken: _, ...rest } = held!;
      await this.#store.write(key, rest, clock.now(), rest.accessToken);
    };
    try {
      const tokens = await provider.requestToken({
        ...request,
        prompt: "none",
        ...(held && mode === "refresh" && { tokens: tokenSet(held), onUsedUp }),
        // What is held is not good enough, whoever else has it.
        ...((held || cache === "reload") && { cache: "reload" }),
      });
      const now = clock.now();
      await this.#store.write(key, serviceTokens(tokens, now), now, held?.accessToken);
      return { token: tokens.accessToken };
    } catch (error) {
      // The storage's own failure must not hide why.
      if (error instanceof RefreshTokenError) await this.#store.delete(key).catch(() => {});
      const isForPerson = error instanceof (isUsedUp ? RefreshTokenError : NoTokenError);
      if (isForPerson) return { why: error };
      throw error;
    }
  }

  /** While others may refresh what is stored: nothing of it goes along. */
  async #ask(
    key: string,
    held: ServiceTokens | undefined,
    { cache, ...request }: ServiceTokenOptions,
    why: NoTokenError | RefreshTokenError | undefined,
  ): Promise<Found> {
    const { provider, clock } = this.#config;
    try {
      const tokens = await provider.requestToken({
        ...request,
        ...((held || cache === "reload") && { cache: "reload" }),
      });
      const write = async () => {
        const now = clock.now();
        const before = await this.#read(key).catch(() => undefined);
        await this.#store.write(key, serviceTokens(tokens, now), now, before?.accessToken);
      };
      await this.#underLock(key, undefined, write).catch(write);
      return { token: tokens.accessToken };
    } catch (error) {
      throw why && error instanceof NoTokenError ? why : error;
    }
  }

  async #underLock<T>(
    lock: string,
    signal: AbortSignal | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    const { locks, patienceMs = 30_000 } = this.#config;
    const late = AbortSignal.timeout(patienceMs);
    let isGranted = false;
    try {
      return await locks.request(
        `token/${lock}`,
        { mode: "exclusive", signal: signal ? AbortSignal.any([signal, late]) : late },
        () => {
          isGranted = true;
          return work();
        },
      );
    } catch (cause) {
      if (isGranted || !late.aborted) throw cause;
      throw new TimeoutError(`${lock} was busy for ${patienceMs} ms`, { pending: true });
    }
  }

  #read(key: string): Promise<ServiceTokens | undefined> {
    return this.#store.read(key, this.#config.clock.now());
  }

  #isGood(tokens: ServiceTokens | undefined): tokens is ServiceTokens {
    if (!tokens) return false;
    const { clock, leewayMs = 30_000 } = this.#config;
    const [lifetime, now] = [lifetimeOf(tokens), clock.now()];
    const isAging = remainingMs(lifetime, now) <= Math.min(leewayMs, tokens.lifeMs / 3);
    return !isAging && !isFromFuture(lifetime, now);
  }

  #keyOf(want: Want): string {
    const { keyPrefix = "auth_token", service = "" } = this.#config;
    return `${encodeURIComponent(keyPrefix)}:${encodeURIComponent(service)}:${wantKey(want)}`;
  }
}

import { abortable } from "../core/abortable.ts";
import { NoTokenError, type RefreshTokenError } from "../core/errors.ts";
import { Flights } from "../core/flights.ts";
import { isSessionOver, needsUser } from "../core/refresh-failure.ts";
import type { Refusal } from "../core/session.ts";
import { remainingMs } from "../core/token-lifetime.ts";
import { tokenSet, type TokenSet } from "../core/token-set.ts";
import { ServiceEntries, type Entry } from "./service-entries.ts";
import { invalidated, lifetimeOf, type ServiceTokens } from "./service-tokens.ts";
import { isOf, UserChanged } from "./service-users.ts";
import type { TokenManagerConfig } from "./token-manager-config.ts";
import type { Prompt } from "../core/authorization-parameters.ts";
import type { TokenContext } from "../core/token-context.ts";
import type { TokenTarget } from "../core/token-target.ts";

export type { TokenManagerConfig };

/** A token, or why there is none without a person. */
interface Found {
  readonly token?: string;
  readonly reason?: NoTokenError | RefreshTokenError;
}

/** How often one call begins again because the user changed meanwhile. */
const TRIES = 3;

/**
 * The tokens of one service, got once for all who share storage and locks. The access tokens of different scopes, resources
 * and audiences are kept apart, each with a refresh token of its own if there is one.
 */
export class TokenManager {
  readonly #config: TokenManagerConfig;
  readonly #entries: ServiceEntries;
  readonly #flights = new Flights<string>();
  #calls = 0;

  constructor(config: TokenManagerConfig) {
    this.#config = config;
    this.#entries = new ServiceEntries(config);
  }

  /** Follows users who leave, so that their tokens are deleted. `createTokenManager()` calls it; otherwise the first call does. */
  start(): void {
    this.#entries.users.listen();
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
    ...target
  }: InvalidateTokenOptions = {}): Promise<void> => {
    const user = await this.#entries.users.current();
    if (user === "nobody") return;
    const entry = this.#entries.of(target, user);
    const before = await this.#entries.read(entry);
    await this.#entries.underLock(entry.key, signal, async () => {
      const tokens = await this.#entries.read(entry);
      if (!tokens) return;
      const isSame = tokens.accessToken === before?.accessToken;
      if (refreshToken === "forget" || (isSame && !tokens.refreshToken)) {
        await this.#entries.delete(entry);
      } else if (isSame && this.#entries.users.isHere(user)) {
        await this.#config.storage.set(entry.key, invalidated(tokens));
      }
    });
  };

  /**
   * Deletes all tokens of a user here. The manager does it by itself when its `owner` tells it.
   * @throws StorageError they are still stored
   */
  readonly removeUser = (sub: string): Promise<void> => this.#entries.users.leave(sub);

  async #join(options: ServiceTokenOptions, mode: ForceRefreshOptions["mode"]): Promise<string> {
    options.signal?.throwIfAborted();
    for (let sends = 1; ; sends++) {
      const user = await abortable(this.#entries.users.current(), options.signal);
      if (user === "nobody") return this.#withoutUser(options);
      try {
        return await this.#joinFor(this.#entries.of(options, user), options, mode);
      } catch (error) {
        if (!(error instanceof UserChanged) || sends === TRIES) throw error;
      }
    }
  }

  #joinFor(
    entry: Entry,
    options: ServiceTokenOptions,
    mode: ForceRefreshOptions["mode"],
  ): Promise<string> {
    const { cache = "default", refused, prompt, context, signal } = options;
    const own = context && ++this.#calls;
    return this.#flights.join(
      JSON.stringify([entry.key, cache, refused, mode, prompt, own, entry.user?.departures]),
      (stop) => this.#find(entry, { ...options, cache, signal: stop }, mode),
      signal,
    );
  }

  /** Nobody is signed in, so nothing that is stored may be given. The provider may sign somebody in. */
  async #withoutUser(options: ServiceTokenOptions): Promise<string> {
    const { refused: _, ...request } = options;
    const tokens = await this.#config.provider.requestToken(request);
    const user = await this.#entries.users.current();
    if (typeof user === "object" && isOf(user, tokens)) {
      await this.#entries.writeLocked(this.#entries.of(request, user), tokens);
    }
    return tokens.accessToken;
  }

  async #find(
    entry: Entry,
    { refused, ...options }: ServiceTokenOptions & { signal: AbortSignal },
    mode: ForceRefreshOptions["mode"],
  ): Promise<string> {
    const isReload = options.cache === "reload";
    const before = await this.#entries.read(entry);
    const isNews = !isReload || (refused !== undefined && before?.accessToken !== refused);
    if (isNews && this.#entries.isGood(before)) return before.accessToken;
    try {
      return await this.#get(entry, before, options, mode);
    } catch (error) {
      if (isReload || isSessionOver(error) || error instanceof UserChanged) throw error;
      const left = await this.#entries.read(entry).catch(() => undefined);
      if (left && remainingMs(lifetimeOf(left), this.#config.clock.now()) > 0) {
        return left.accessToken;
      }
      throw error;
    }
  }

  /** First without a person: whoever wants none does not wait for a call that asks one. */
  async #get(
    entry: Entry,
    before: ServiceTokens | undefined,
    options: ServiceTokenOptions & { signal: AbortSignal },
    mode: ForceRefreshOptions["mode"],
  ): Promise<string> {
    const { cache, prompt = "if needed", signal } = options;
    const underLock = (lock: string, work: (now: ServiceTokens | undefined) => Promise<Found>) =>
      this.#entries.underLock(lock, signal, async () => {
        // Perhaps somebody else was here first.
        const now = await this.#entries.read(entry);
        const isNews = cache !== "reload" || now?.accessToken !== before?.accessToken;
        return isNews && this.#entries.isGood(now) ? { token: now.accessToken } : work(now);
      });
    let found: Found = {};
    if (prompt === "if needed" || prompt === "none") {
      found = await underLock(entry.key, (now) => this.#request(entry, now, options, mode));
      if (prompt === "none" && found.reason) throw found.reason;
    }
    if (found.token === undefined) {
      const { reason } = found;
      found = await underLock(`${entry.key}/person`, (now) =>
        this.#ask(entry, now, options, reason),
      );
    }
    return found.token!;
  }

  /** Without a person. */
  async #request(
    entry: Entry,
    cached: ServiceTokens | undefined,
    { cache, ...request }: ServiceTokenOptions,
    mode: ForceRefreshOptions["mode"],
  ): Promise<Found> {
    let isInvalidGrant = false;
    const onRefreshTokenRejected = async () => {
      isInvalidGrant = true;
      const { refreshToken: _, ...rest } = cached!;
      await this.#entries.change(entry, rest);
    };
    const onRefused = (refusal: Refusal) => this.#entries.change(entry, { ...cached!, refusal });
    const stored = () => ({
      tokens: tokenSet(cached!),
      onRefreshTokenRejected,
      onRefused,
      ...(cached!.refusal && { refusal: cached!.refusal }),
    });
    let tokens: TokenSet;
    try {
      tokens = await this.#config.provider.requestToken({
        ...request,
        ...requestUser(entry),
        prompt: "none",
        ...(cached && mode === "refresh" && stored()),
        // What is held is not good enough, whoever else has it.
        ...((cached || cache === "reload") && { cache: "reload" }),
      });
    } catch (error) {
      // The storage's own failure must not hide why.
      if (isSessionOver(error)) await this.#entries.delete(entry).catch(() => {});
      if (needsUser(error, isInvalidGrant)) return { reason: error };
      throw error;
    }
    await this.#entries.write(entry, tokens, cached?.accessToken);
    return { token: tokens.accessToken };
  }

  /** While others may refresh what is stored: nothing of it goes along. */
  async #ask(
    entry: Entry,
    cached: ServiceTokens | undefined,
    { cache, ...request }: ServiceTokenOptions,
    reason: NoTokenError | RefreshTokenError | undefined,
  ): Promise<Found> {
    let tokens: TokenSet;
    try {
      tokens = await this.#config.provider.requestToken({
        ...request,
        ...requestUser(entry),
        ...((cached || cache === "reload") && { cache: "reload" }),
      });
    } catch (error) {
      throw reason && error instanceof NoTokenError ? reason : error;
    }
    await this.#entries.writeLocked(entry, tokens);
    return { token: tokens.accessToken };
  }
}

function requestUser({ user }: Entry): { user?: string } {
  return user && !user.isDerived ? { user: user.sub } : {};
}

export interface ServiceTokenOptions extends TokenTarget {
  /** `reload`: a token newer than the stored one. */
  readonly cache?: "default" | "reload";
  /** With `reload`: the token that an API refused. Another one that is stored by now is newer. */
  readonly refused?: string;
  /** `none`: a provider that needs a person rejects with a NoTokenError. */
  readonly prompt?: Prompt;
  /** For grants of the provider. A call with a context joins no other call's request. */
  readonly context?: TokenContext;
  readonly signal?: AbortSignal;
}

export interface ForceRefreshOptions extends Omit<ServiceTokenOptions, "cache"> {
  /** `fetch`: from the beginning, without the stored refresh token. `refresh` when not given. */
  readonly mode?: "refresh" | "fetch";
}

export interface InvalidateTokenOptions extends TokenTarget {
  /** `forget`: of the refresh token, too; it is not revoked. `keep` when not given. */
  readonly refreshToken?: "keep" | "forget";
  readonly signal?: AbortSignal;
}

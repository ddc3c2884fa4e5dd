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
import type {
  ForceRefreshOptions,
  InvalidateTokenOptions,
  ServiceTokenOptions,
  TokenManagerConfig,
} from "./token-manager-options.ts";

/** A token, or the error that says why only a user can help. */
interface Found {
  readonly token?: string;
  readonly reason?: NoTokenError | RefreshTokenError;
}

/** How many attempts a call makes when the user changes during the call. */
const TRIES = 3;

/**
 * Stores the tokens of one service, and requests each token once for all managers that share storage and locks. Access tokens
 * of different scopes, resources and audiences are stored separately, each with its own refresh token if there is one.
 * `createTokenManager()` creates a manager.
 * @example
 * const billing = createTokenManager({
 *   service: "billing",
 *   provider: new CustomGrant(async () => (await fetch("/billing-token")).json()),
 *   storage: new IndexedDBTokenStorage(createDatabase()),
 * });
 * const token = await billing.getToken(); // the stored token while it is valid
 * const newer = await billing.forceRefresh();
 * await billing.invalidateToken(); // the next call requests another token
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

  /**
   * From now on, deletes the tokens of users who log out or are forgotten. `createTokenManager()` calls it, or else the first
   * call.
   */
  start(): void {
    this.#entries.users.listen();
  }

  /**
   * Returns the stored access token while it is valid, or else a new one from the provider. While the stored token is valid,
   * temporary failures are swallowed. Rejects as the provider does, too.
   * @throws NoTokenError there is no token, and only a user can help; or the user has changed
   * @throws RequestTokenError the server refused the request, or its response is malformed
   * @throws RefreshTokenError the refresh token is no longer valid and was deleted, or the server requires a user
   * @throws NetworkError no response came
   * @throws TimeoutError another call or tab has been requesting the token for longer than `patienceMs`
   * @throws StorageError the storage cannot be read
   * @example
   * const headersFor = async (billing: TokenManager) => {
   *   const token = await billing.getToken({ scope: ["invoices:read"], prompt: "none" });
   *   return { authorization: `Bearer ${token}` };
   * };
   */
  readonly getToken = (options: ServiceTokenOptions = {}): Promise<string> =>
    this.#join(options, "refresh");

  /**
   * Returns an access token that is newer than the stored one. Concurrent calls share one request. Rejects as `getToken()`
   * does.
   * @example
   * const startAgain = (billing: TokenManager) =>
   *   billing.forceRefresh({ mode: "fetch" }); // without the stored refresh token
   */
  readonly forceRefresh = ({
    mode = "refresh",
    ...options
  }: ForceRefreshOptions = {}): Promise<string> =>
    this.#join({ ...options, cache: "reload" }, mode);

  /**
   * Deletes the stored access token of this target, for every tab, so that the next call requests another one. A newer token
   * that arrives meanwhile is kept. The refresh token is kept by default, because without it the user may have to log in again.
   * @throws StorageError the token is still stored
   * @throws TimeoutError another call or tab has been requesting the token for longer than `patienceMs`
   * @example
   * const reset = (billing: TokenManager) =>
   *   billing.invalidateToken({ refreshToken: "forget" }); // the refresh token, too
   */
  readonly invalidateToken = async ({
    refreshToken = "keep",
    signal,
    ...target
  }: InvalidateTokenOptions = {}): Promise<void> => {
    const user = await this.#entries.users.current();
    if (user === "none") return;
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
   * Deletes all stored tokens of a user. Call it only if the manager's `owner` does not report users who log out.
   * @throws StorageError at least one token is still stored
   * @example
   * const deleteTokensOf = (billing: TokenManager, sub: string) =>
   *   billing.removeUser(sub);
   */
  readonly removeUser = (sub: string): Promise<void> => this.#entries.users.leave(sub);

  async #join(options: ServiceTokenOptions, mode: ForceRefreshOptions["mode"]): Promise<string> {
    options.signal?.throwIfAborted();
    for (let tries = 1; ; tries++) {
      const user = await abortable(this.#entries.users.current(), options.signal);
      if (user === "none") return this.#withoutUser(options);
      try {
        return await this.#joinFor(this.#entries.of(options, user), options, mode);
      } catch (error) {
        if (!(error instanceof UserChanged) || tries === TRIES) throw error;
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

  /** No user is signed in, so no stored token may be returned. The provider may start a login. */
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
    const isNewEnough = !isReload || (refused !== undefined && before?.accessToken !== refused);
    if (isNewEnough && this.#entries.isGood(before)) return before.accessToken;
    try {
      return await this.#get(entry, before, options, mode);
    } catch (error) {
      if (isReload || isSessionOver(error) || error instanceof UserChanged) throw error;
      const stored = await this.#entries.read(entry).catch(() => undefined);
      if (stored && remainingMs(lifetimeOf(stored), this.#config.clock.now()) > 0) {
        return stored.accessToken;
      }
      throw error;
    }
  }

  /** Calls the provider with `prompt: "none"` first. Such a call has its own lock and waits for no call that asks the user. */
  async #get(
    entry: Entry,
    before: ServiceTokens | undefined,
    options: ServiceTokenOptions & { signal: AbortSignal },
    mode: ForceRefreshOptions["mode"],
  ): Promise<string> {
    const { cache, prompt = "if needed", signal } = options;
    const underLock = (lock: string, work: (now: ServiceTokens | undefined) => Promise<Found>) =>
      this.#entries.underLock(lock, signal, async () => {
        // Another call or tab may have stored newer tokens while this call waited for the lock.
        const now = await this.#entries.read(entry);
        const isNewEnough = cache !== "reload" || now?.accessToken !== before?.accessToken;
        return isNewEnough && this.#entries.isGood(now) ? { token: now.accessToken } : work(now);
      });
    let found: Found = {};
    if (prompt === "if needed" || prompt === "none") {
      found = await underLock(entry.key, (now) => this.#request(entry, now, options, mode));
      if (prompt === "none" && found.reason) throw found.reason;
    }
    if (found.token === undefined) {
      const { reason } = found;
      found = await underLock(`${entry.key}/user`, (now) => this.#ask(entry, now, options, reason));
    }
    return found.token!;
  }

  /** Calls the provider with `prompt: "none"` and with the stored tokens. */
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
        // The stored token is not good enough, so caches inside the provider must not return it, either.
        ...((cached || cache === "reload") && { cache: "reload" }),
      });
    } catch (error) {
      // A failure of the storage must not hide this error.
      if (isSessionOver(error)) await this.#entries.delete(entry).catch(() => {});
      if (needsUser(error, isInvalidGrant)) return { reason: error };
      throw error;
    }
    await this.#entries.write(entry, tokens, cached?.accessToken);
    return { token: tokens.accessToken };
  }

  /** Calls the provider without the stored tokens, because another call may refresh them at the same time. */
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

import { abortable } from "../core/abortable.ts";
import {
  requestFromUser,
  requestSilently,
  storedOrRequested,
  type Found,
} from "../core/cached-request.ts";
import { Flights } from "../core/flights.ts";
import { isSessionOver } from "../core/refresh-failure.ts";
import { remainingMs } from "../core/token-lifetime.ts";
import { tokenSet } from "../core/token-set.ts";
import { requestOf, ServiceEntries, type Entry } from "./service-entries.ts";
import { invalidated, lifetimeOf, type ServiceTokens } from "./service-tokens.ts";
import { isOf, UserChanged } from "./service-users.ts";
import type {
  ForceRefreshOptions,
  InvalidateTokenOptions,
  ServiceTokenOptions,
  TokenManagerConfig,
} from "./token-manager-options.ts";

/** If the user changes while the provider is called, `getToken()` starts again. It tries at most this many times. */
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
   * From now on, deletes the tokens of users who log out or are forgotten (`auth.forget()`). `createTokenManager()` calls
   * `start()`. If nobody calls `start()`, the first call of `getToken()` does the same.
   */
  start(): void {
    this.#entries.users.listen();
  }

  /**
   * Returns the stored access token. If it is missing or expires soon, returns a new one from the provider. If the provider
   * fails, but the stored token is still valid and the session has not ended, returns the stored token. If the provider fails
   * in any other case, rejects with the provider's error.
   * @throws NoTokenError there is no valid token, and only a user can help; or the user changed during the call
   * @throws RequestTokenError the server refused the request, or its response is malformed
   * @throws RefreshTokenError the refresh token is no longer valid and was deleted, or the server requires a login
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
   * Returns an access token that is newer than the stored one. Concurrent calls share one request. Rejects like `getToken()`.
   * @example
   * const startAgain = (billing: TokenManager) =>
   *   billing.forceRefresh({ mode: "fetch" }); // does not use the stored refresh token
   */
  readonly forceRefresh = ({
    mode = "refresh",
    ...options
  }: ForceRefreshOptions = {}): Promise<string> =>
    this.#join({ ...options, cache: "reload" }, mode);

  /**
   * Deletes the stored access token of the given scope, resource and audience, for every tab. The next call then requests
   * another token. By default the refresh token is kept, because without it the user might have to log in again. If another
   * call stores a newer access token while `invalidateToken()` waits for the lock, this newer token is kept by default, too.
   * @throws StorageError the storage failed; the token might still be stored
   * @throws TimeoutError another call or tab has been requesting the token for longer than `patienceMs`
   * @example
   * const reset = (billing: TokenManager) =>
   *   billing.invalidateToken({ refreshToken: "forget" }); // also deletes the refresh token
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
   * Deletes all stored tokens of a user. Call this method only if the manager's `owner` does not report users who log out.
   * @throws StorageError the storage failed; some tokens might still be stored
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

  /** Calls the provider, which can start a login. No stored token is returned, because no user is signed in. */
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

  /**
   * First calls the provider with `prompt: "none"`. If only a user can help, calls the provider a second time, so that it can
   * ask the user. If the caller set a prompt such as `login`, makes only the second call. The two calls have different locks,
   * so the first call never waits for a user.
   */
  async #get(
    entry: Entry,
    before: ServiceTokens | undefined,
    options: ServiceTokenOptions & { signal: AbortSignal },
    mode: ForceRefreshOptions["mode"],
  ): Promise<string> {
    const { cache = "default", prompt = "if needed", signal } = options;
    const find = (lock: string, request: (stored?: ServiceTokens) => Promise<Found>) =>
      storedOrRequested<ServiceTokens>(
        cache,
        before,
        {
          read: () => this.#entries.read(entry),
          isGood: (stored) => this.#entries.isGood(stored),
          tokensOf: (stored) => tokenSet(stored),
          underLock: (work) => this.#entries.underLock(lock, signal, work),
        },
        request,
      );
    let found: Found = {};
    if (prompt === "if needed" || prompt === "none") {
      found = await find(entry.key, (stored) => this.#request(entry, stored, options, mode));
      if (prompt === "none" && found.reason) throw found.reason;
    }
    if (!found.tokens) {
      const { reason } = found;
      found = await find(`${entry.key}/user`, (stored) =>
        this.#ask(entry, stored, options, reason),
      );
    }
    return found.tokens!.accessToken;
  }

  async #request(
    entry: Entry,
    stored: ServiceTokens | undefined,
    options: ServiceTokenOptions,
    mode: ForceRefreshOptions["mode"],
  ): Promise<Found> {
    const found = await requestSilently(this.#config.provider, requestOf(entry, stored, options), {
      ...(stored && mode === "refresh" && { tokens: tokenSet(stored), refusal: stored.refusal }),
      dropRefreshToken: () => {
        const { refreshToken: _, ...rest } = stored!;
        return this.#entries.change(entry, rest);
      },
      putRefusal: (refusal) => this.#entries.change(entry, { ...stored!, refusal }),
      // A failure of the storage must not hide the server's error.
      delete: () => this.#entries.delete(entry).catch(() => {}),
    });
    if (found.tokens) await this.#entries.write(entry, found.tokens, stored?.accessToken);
    return found;
  }

  /** Calls the provider so that it can ask the user. Leaves the stored tokens out, because another call might refresh them. */
  async #ask(
    entry: Entry,
    stored: ServiceTokens | undefined,
    options: ServiceTokenOptions,
    reason: Found["reason"],
  ): Promise<Found> {
    const request = requestOf(entry, stored, options);
    const tokens = await requestFromUser(this.#config.provider, request, reason);
    await this.#entries.writeLocked(entry, tokens);
    return { tokens };
  }
}

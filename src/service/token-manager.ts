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

/** The maximum number of tries of one `getToken()` call. If the user changes during a try, the next try starts. */
const TRIES = 3;

/**
 * Requests and stores the tokens of one service. Concurrent calls for the same token share one request. The tokens of each
 * scope, resource and audience are stored separately. `createTokenManager()` creates a `TokenManager`.
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

  /** From now on, deletes the stored tokens of users who log out. `createTokenManager()` calls `start()`. */
  start(): void {
    this.#entries.users.listen();
  }

  /**
   * Returns the stored access token. If the stored token is missing or expires soon, requests a new token from the provider. If
   * the provider fails while the stored token is still valid, returns the stored token, unless the session has ended.
   * @throws NoTokenError there is no valid token, and only a user can help; or the user changed during the call
   * @throws RequestTokenError the server refused the request, or its response is malformed
   * @throws RefreshTokenError the refresh token is no longer valid and was deleted, or the server requires a login
   * @throws NetworkError the server did not respond
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
   * Returns an access token that is newer than the stored token. Concurrent calls share one request. Rejects with the same
   * errors as `getToken()`.
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
   * Deletes the stored access token of the given scope, resource and audience. The next call of `getToken()` then requests
   * another token. By default, the refresh token is kept.
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
   * Deletes all stored tokens of a user. If the manager's `owner` is an `Auth`, the manager itself does this when the user logs
   * out.
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

  /** Called when no user is signed in. The provider can start a login. */
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
   * First calls the provider with `prompt: "none"`. If only a user can help, calls the provider a second time and lets the
   * provider ask the user. Each of the two calls has its own lock, so a request with `prompt: "none"` never waits for a user.
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

  /**
   * Calls the provider and lets the provider ask the user. The request omits the stored tokens, because another call might
   * refresh these tokens meanwhile.
   */
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

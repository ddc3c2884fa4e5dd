import { asyncDispose, type AsyncDispose } from "../core/async-dispose.ts";
import { abortable } from "../core/abortable.ts";
import { RunningCalls } from "../core/running-calls.ts";
import { Flights } from "../core/flights.ts";
import { ServiceEntries, type Entry } from "./service-entries.ts";
import { inService } from "./service-hints.ts";
import { ServiceRequests } from "./service-requests.ts";
import { shownTokens, type ServiceTokenSet } from "./service-tokens.ts";
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
export class TokenManager implements AsyncDispose {
  readonly #config: TokenManagerConfig;
  readonly #entries: ServiceEntries;
  readonly #requests: ServiceRequests;
  readonly #flights = new Flights<ServiceTokenSet>();
  readonly #running = new RunningCalls();
  #calls = 0;
  /**
   * `await using` calls this method at the end of a block. Waits until running token requests have ended and their tokens are
   * stored, so that no new refresh token is lost. Writes tokens whose first write failed once more. Then calls `dispose()`.
   * @throws StorageError the storage failed again, and tokens are lost
   */
  declare readonly [Symbol.asyncDispose]: AsyncDispose[typeof Symbol.asyncDispose];

  /** @throws ConfigurationError `patienceMs` is invalid */
  constructor(config: TokenManagerConfig) {
    this.#config = config;
    this.#entries = new ServiceEntries(config);
    this.#requests = new ServiceRequests(config, this.#entries);
    Object.assign(this, { [asyncDispose]: () => this.#end() });
  }

  /** From now on, deletes the stored tokens of users who log out. `createTokenManager()` calls `start()`. */
  start(): void {
    this.#entries.users.listen();
  }

  /**
   * Stops listening to the `owner`, and keeps stored tokens. After `start()` or the next call of `getToken()`, the manager listens
   * again.
   * @example
   * const unmount = (billing: TokenManager) => billing.dispose();
   */
  dispose(): void {
    this.#entries.users.unlisten();
  }

  /**
   * Returns the stored access token. If the stored token is missing or expires soon, requests a new token from the provider. If
   * the provider fails while the stored token is still valid, returns the stored token, unless the session has ended.
   * @throws NoTokenError there is no valid token, and only a user can help; or the user changed during the call
   * @throws RequestTokenError the server refused the request, or its response is malformed. Also thrown if the
   * provider's tokens have no `accessToken`, or another member is invalid. The message names the member
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
    this.#join(options, "refresh", ({ accessToken }) => accessToken);

  /**
   * Returns the token that `getToken()` returns, together with its type, its expiry, its scope, and in `extra` the other members
   * of the server's response. The result never contains the refresh token. Rejects with the same errors as `getToken()`.
   * @throws RequestTokenError the server refused the request, or its response is malformed
   * @example
   * const headersFor = async (billing: TokenManager) => {
   *   const { tokenType, accessToken } = await billing.getTokenSet();
   *   return { authorization: `${tokenType} ${accessToken}` };
   * };
   */
  readonly getTokenSet = (options: ServiceTokenOptions = {}): Promise<ServiceTokenSet> =>
    this.#join(options, "refresh", shownTokens);

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
    this.#join({ ...options, cache: "reload" }, mode, ({ accessToken }) => accessToken);

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
        await this.#entries.invalidate(entry, tokens);
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

  /** If the tokens depend on no user, the hints of errors must not speak of a user and a login page. */
  #explained(error: unknown): unknown {
    const { owner, provider } = this.#config;
    return !owner && provider.owner === null ? inService(error) : error;
  }

  /** Calls `read` with the tokens. The call is tracked at once, also while it only reads the storage. */
  #join<T>(
    options: ServiceTokenOptions,
    mode: ForceRefreshOptions["mode"],
    read: (tokens: ServiceTokenSet) => T,
  ): Promise<T> {
    return this.#running.track(
      this.#joinUser(options, mode).then(read, (error: unknown) => {
        throw this.#explained(error);
      }),
    );
  }

  async #joinUser(
    options: ServiceTokenOptions,
    mode: ForceRefreshOptions["mode"],
  ): Promise<ServiceTokenSet> {
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
  ): Promise<ServiceTokenSet> {
    const { cache = "default", refused, prompt, context, signal } = options;
    const own = context && ++this.#calls;
    return this.#flights.join(
      JSON.stringify([entry.key, cache, refused, mode, prompt, own, entry.user?.departures]),
      (stop) => this.#running.track(this.#requests.find(entry, { ...options, cache, stop }, mode)),
      signal,
    );
  }

  async #end(): Promise<void> {
    await this.#running.ended();
    try {
      await this.#entries.save();
    } catch (error) {
      throw this.#explained(error);
    } finally {
      this.dispose();
    }
  }

  /** Called when no user is signed in. The provider can start a login. */
  async #withoutUser(options: ServiceTokenOptions): Promise<ServiceTokenSet> {
    const { refused: _, ...request } = options;
    const tokens = await this.#requests.provider.requestToken(request);
    const user = await this.#entries.users.current();
    if (typeof user === "object" && isOf(user, tokens)) {
      const entry = this.#entries.of(request, user);
      const requested = await this.#entries.requested(entry).catch(() => undefined);
      if (requested) await this.#entries.writeLocked(requested, tokens);
    }
    return tokens;
  }
}

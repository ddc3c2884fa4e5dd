import { checkMs } from "../core/check-ms.ts";
import { encodeKey } from "../core/keys.ts";
import { TimeoutError } from "../core/errors.ts";
import type { TokenRequest } from "../core/grant.ts";
import type { TokenSet } from "../core/token-set.ts";
import { isExpiring } from "../core/token-lifetime.ts";
import { UserKeys } from "../core/user-keys.ts";
import { targetKey, type TokenTarget } from "../core/token-target.ts";
import { lifetimeOf, serviceTokens, type ServiceTokens } from "./service-tokens.ts";
import { ServiceTokenStore } from "./service-token-store.ts";
import { isOf, ServiceUsers, UserChanged, type ServiceUser } from "./service-users.ts";
import { UserRemovals } from "./user-removals.ts";
import type { ServiceTokenOptions, TokenManagerConfig } from "./token-manager-options.ts";

/** The place in the storage for one user's tokens for one target (scope, resource and audience). */
export interface Entry {
  readonly key: string;
  /** Undefined when the tokens depend on no user. */
  readonly user: ServiceUser | undefined;
}

/** An entry for which a token request runs. */
export interface RequestedEntry extends Entry {
  /** The mark of the user's last removal before the request. */
  readonly removal: unknown;
}

/**
 * Reads and writes the stored tokens of a token manager. An entry holds the tokens of one user for one target (scope, resource
 * and audience). Each entry has its own lock.
 */
export class ServiceEntries {
  readonly users: ServiceUsers;
  readonly #config: TokenManagerConfig;
  readonly #store: ServiceTokenStore;
  readonly #prefix: string;
  readonly #patienceMs: number;

  /** @throws ConfigurationError `patienceMs` is invalid */
  constructor(config: TokenManagerConfig) {
    const { provider, owner, storage, locks, keyPrefix = "auth_token", service = "" } = config;
    const { patienceMs = 30_000 } = config;
    checkMs("patienceMs", patienceMs, 1);
    this.#patienceMs = patienceMs;
    this.#config = config;
    this.#prefix = `${encodeKey(keyPrefix)}:${encodeKey(service)}`;
    this.#store = new ServiceTokenStore(storage);
    this.users = new ServiceUsers({
      provider,
      owner,
      keys: new UserKeys({ storage, name: this.#prefix, locks }),
      removals: new UserRemovals(storage, this.#prefix),
      deleteEntry: (key) => this.#store.delete(key),
    });
  }

  /** Returns the entry for the tokens of `user` for `target`. */
  of(target: TokenTarget, user: ServiceUser | undefined): Entry {
    const owner = user ? `${encodeKey(user.sub)}:` : "";
    return { key: `${this.#prefix}:${owner}${targetKey(target)}`, user };
  }

  /**
   * Returns the entry for a token request. Call this method before the request and before the read of the tokens to refresh.
   * @throws StorageError the storage cannot be read
   */
  async requested(entry: Entry): Promise<RequestedEntry> {
    return { ...entry, removal: await this.users.removal(entry.user) };
  }

  /**
   * Returns the stored tokens, or undefined if the stored tokens belong to another user.
   * @throws StorageError the storage cannot be read
   */
  async read({ key, user }: Entry): Promise<ServiceTokens | undefined> {
    const tokens = await this.#store.read(key, this.#config.clock.now());
    return tokens && user && !isOf(user, tokens) ? undefined : tokens;
  }

  /** Returns true if the stored access token does not expire soon. */
  isGood(tokens: ServiceTokens | undefined): tokens is ServiceTokens {
    if (!tokens) return false;
    const { clock, leewayMs = 30_000 } = this.#config;
    return !isExpiring(lifetimeOf(tokens), clock.now(), leewayMs);
  }

  /**
   * Stores the provider's tokens. If `users.mayStore()` returns false, stores nothing. Returns false if another process has
   * stored other tokens meanwhile. The other tokens stay.
   * @param instead the stored tokens that the new `tokens` replace
   * @throws UserChanged the user has changed or was removed by another process; the tokens are not stored
   * @throws StorageError the user was removed by another process, and the tokens might still be stored
   */
  async write(
    entry: RequestedEntry,
    tokens: TokenSet,
    instead: ServiceTokens | undefined,
  ): Promise<boolean> {
    const { user, key, removal } = entry;
    if (!(await this.users.mayStore(user, tokens))) return true;
    if (user) await this.users.add(user, key);
    const now = this.#config.clock.now();
    const isStored = await this.#store.write(key, serviceTokens(tokens, now), now, instead);
    // The mark is read after the write. So either the other process deletes these tokens, or this process does.
    if ((await this.users.removal(user).catch(() => removal)) === removal) return isStored;
    await this.#store.remove(key, { accessToken: tokens.accessToken });
    throw new UserChanged();
  }

  /**
   * Takes the entry's lock and stores the provider's tokens. If the lock cannot be taken in time, stores the tokens without the
   * lock.
   * @throws UserChanged the user has changed; nothing was stored
   */
  async writeLocked(entry: RequestedEntry, tokens: TokenSet): Promise<void> {
    const write = async () => {
      const before = await this.read(entry).catch(() => undefined);
      await this.write(entry, tokens, before);
    };
    try {
      await this.underLock(entry.key, undefined, write);
    } catch (error) {
      if (error instanceof UserChanged) throw error;
      await write();
    }
  }

  /**
   * Replaces the stored tokens. If the tokens are no longer stored, or if a user was removed after the entry was made, does
   * nothing, because the tokens might belong to the removed user.
   */
  async change({ key, user }: Entry, tokens: ServiceTokens): Promise<void> {
    if (!this.users.isHere(user)) return;
    await this.#store.change(key, tokens, this.#config.clock.now());
  }

  /**
   * Writes all tokens whose last write failed.
   * @throws StorageError the storage failed again
   */
  save(): Promise<void> {
    return this.#store.save(this.#config.clock.now());
  }

  /**
   * Deletes the entry's tokens.
   * @throws StorageError the storage failed; the tokens might still be stored
   */
  delete({ key }: Entry): Promise<void> {
    return this.#store.delete(key);
  }

  /**
   * Deletes the access token of `tokens`, and keeps the refresh token. Tokens that another process has stored meanwhile stay.
   * @throws StorageError the storage failed; the access token might still be stored
   */
  invalidate({ key }: Entry, tokens: ServiceTokens): Promise<void> {
    return this.#store.invalidate(key, tokens);
  }

  /**
   * Deletes `tokens`. Tokens that another process has stored meanwhile stay.
   * @throws StorageError the storage failed; the tokens might still be stored
   */
  remove({ key }: Entry, tokens: ServiceTokens | undefined): Promise<void> {
    return this.#store.remove(key, tokens ? { accessToken: tokens.accessToken } : {});
  }

  /**
   * Takes the lock with the name `lock`, runs `work`, and returns the result of `work`.
   * @throws TimeoutError another call or tab holds the lock for longer than `patienceMs`
   */
  async underLock<T>(
    lock: string,
    signal: AbortSignal | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    const { locks } = this.#config;
    const timeout = AbortSignal.timeout(this.#patienceMs);
    let isGranted = false;
    try {
      return await locks.request(
        `token/${lock}`,
        { mode: "exclusive", signal: signal ? AbortSignal.any([signal, timeout]) : timeout },
        () => {
          isGranted = true;
          return work();
        },
      );
    } catch (cause) {
      if (isGranted || !timeout.aborted) throw cause;
      throw new TimeoutError(
        `another call or tab held the lock of the stored token ${lock} for longer than ${this.#patienceMs} ms`,
        { pending: true },
      );
    }
  }
}

/**
 * Returns the request for the provider. If a token is already stored, the request has `cache: "reload"`, because the provider
 * might have the same token in its own cache.
 */
export function requestOf(
  { user }: Entry,
  stored: ServiceTokens | undefined,
  { cache, ...request }: ServiceTokenOptions,
): TokenRequest {
  return {
    ...request,
    ...(user && !user.isDerived && { user: user.sub }),
    ...((stored || cache === "reload") && { cache: "reload" }),
  };
}

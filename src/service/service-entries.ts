import { TimeoutError } from "../core/errors.ts";
import type { TokenSet } from "../core/token-set.ts";
import { isFromFuture, remainingMs } from "../core/token-lifetime.ts";
import { UserKeys } from "../core/user-keys.ts";
import { targetKey, type TokenTarget } from "../core/token-target.ts";
import {
  lifetimeOf,
  serviceTokens,
  ServiceTokenStore,
  type ServiceTokens,
} from "./service-tokens.ts";
import { isOf, ServiceUsers, UserChanged, type ServiceUser } from "./service-users.ts";
import type { TokenManagerConfig } from "./token-manager-config.ts";

/** Where the tokens of one call are kept, and whose they are. */
export interface Entry {
  readonly key: string;
  readonly user: ServiceUser | undefined;
}

/** The stored tokens of a token manager: an entry for each user and target, with a lock of its own. */
export class ServiceEntries {
  readonly users: ServiceUsers;
  readonly #config: TokenManagerConfig;
  readonly #store: ServiceTokenStore;

  constructor(config: TokenManagerConfig) {
    const { provider, owner, storage, locks } = config;
    this.#config = config;
    this.#store = new ServiceTokenStore(storage);
    this.users = new ServiceUsers({
      provider,
      owner,
      keys: new UserKeys({ storage, name: this.#prefix(), locks }),
      deleteEntry: (key) => this.#store.delete(key),
    });
  }

  of(target: TokenTarget, user: ServiceUser | undefined): Entry {
    const owner = user ? `${encodeURIComponent(user.sub)}:` : "";
    return { key: `${this.#prefix()}:${owner}${targetKey(target)}`, user };
  }

  /** An entry that has another user's tokens is damaged. @throws StorageError */
  async read({ key, user }: Entry): Promise<ServiceTokens | undefined> {
    const tokens = await this.#store.read(key, this.#config.clock.now());
    return tokens && user && !isOf(user, tokens) ? undefined : tokens;
  }

  isGood(tokens: ServiceTokens | undefined): tokens is ServiceTokens {
    if (!tokens) return false;
    const { clock, leewayMs = 30_000 } = this.#config;
    const [lifetime, now] = [lifetimeOf(tokens), clock.now()];
    const isExpiring = remainingMs(lifetime, now) <= Math.min(leewayMs, tokens.lifetimeMs / 3);
    return !isExpiring && !isFromFuture(lifetime, now);
  }

  /** Stores what the provider gave. `instead`: the access token that is stored now. @throws UserChanged nothing was stored */
  async write(entry: Entry, tokens: TokenSet, instead: string | undefined): Promise<void> {
    const { user, key } = entry;
    if (!(await this.users.mayStore(user, tokens))) return;
    if (user) await this.users.add(user, key);
    const now = this.#config.clock.now();
    await this.#store.write(key, serviceTokens(tokens, now), now, instead);
  }

  /** Under the entry's lock, or without it when the lock is busy for too long: what came exists once. */
  async writeLocked(entry: Entry, tokens: TokenSet): Promise<void> {
    const write = async () => {
      const before = await this.read(entry).catch(() => undefined);
      await this.write(entry, tokens, before?.accessToken);
    };
    try {
      await this.underLock(entry.key, undefined, write);
    } catch (error) {
      if (error instanceof UserChanged) throw error;
      await write();
    }
  }

  /** Changes stored tokens, unless their user has left. */
  async change({ key, user }: Entry, tokens: ServiceTokens): Promise<void> {
    if (!this.users.isHere(user)) return;
    await this.#store.write(key, tokens, this.#config.clock.now(), tokens.accessToken);
  }

  /** @throws StorageError */
  delete({ key }: Entry): Promise<void> {
    return this.#store.delete(key);
  }

  /** @throws TimeoutError somebody else holds the lock for too long */
  async underLock<T>(
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

  #prefix(): string {
    const { keyPrefix = "auth_token", service = "" } = this.#config;
    return `${encodeURIComponent(keyPrefix)}:${encodeURIComponent(service)}`;
  }
}

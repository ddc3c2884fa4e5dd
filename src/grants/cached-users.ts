import type { UserKeys } from "../core/user-keys.ts";
import type { CacheRecord, TokenCache } from "./token-cache.ts";

export interface CachedUsersConfig {
  readonly cache: TokenCache;
  readonly keys: UserKeys;
  /** The key that follows from a user alone. The empty user: of requests that name none. */
  readonly defaultKey: (user: string) => string | undefined;
}

/** Deletes the records of users who leave. */
export class CachedUsers {
  readonly #config: CachedUsersConfig;
  #departures = 0;
  #deleting: Promise<unknown> = Promise.resolve();

  constructor(config: CachedUsersConfig) {
    this.#config = config;
  }

  /** How many users have left: what was requested before the last one left is not stored. */
  get departures(): number {
    return this.#departures;
  }

  /** Settles when nothing is being deleted. Never rejects. */
  get settled(): Promise<unknown> {
    return this.#deleting;
  }

  /** `key` has a record of `user`. Never rejects. */
  async add(user: string, key: string): Promise<void> {
    if (key === this.#config.defaultKey(user)) return;
    await this.#config.keys.add(user, key).catch(() => {});
  }

  leave(sub: string): Promise<unknown> {
    this.#departures++;
    this.#deleting = this.#deleteAll(sub);
    return this.#deleting;
  }

  async #deleteAll(sub: string): Promise<void> {
    const { cache, keys } = this.#config;
    const [own, nobodys] = await Promise.all([this.#keysOf(sub), this.#keysOf("")]);
    const isOthers = ({ tokens: { user } }: CacheRecord) => user !== undefined && user.sub !== sub;
    await Promise.all([
      ...own.map((key) => cache.forget(key)),
      // Only the tokens say whose these are, if anything does.
      ...nobodys.map((key) => cache.forget(key, isOthers)),
      keys.delete(sub).catch(() => {}),
    ]);
  }

  async #keysOf(user: string): Promise<readonly string[]> {
    const { keys, defaultKey } = this.#config;
    const others = await keys.of(user).catch(() => []);
    return [defaultKey(user) ?? [], others].flat();
  }
}

import type { UserKeys } from "../core/user-keys.ts";
import type { CacheRecord, TokenCache } from "./token-cache.ts";

/** The options of `CachedUsers`. */
export interface CachedUsersConfig {
  readonly cache: TokenCache;
  readonly keys: UserKeys;
  /**
   * Returns the storage key of the user's tokens for requests without scope, resource and audience. `user` is an empty string
   * for requests without a user. Returns undefined if the key depends on other parts of the request, too.
   */
  readonly defaultKey: (user: string) => string | undefined;
}

/** Stores which records of a `CachedGrant` belong to which user, and deletes the records of users who log out. */
export class CachedUsers {
  readonly #config: CachedUsersConfig;
  #departures = 0;
  #deleting: Promise<unknown> = Promise.resolve();

  constructor(config: CachedUsersConfig) {
    this.#config = config;
  }

  /**
   * How many users have been removed so far. If the number changes during a request, the tokens of the request must not be
   * stored, because they might belong to a removed user.
   */
  get departures(): number {
    return this.#departures;
  }

  /** A promise that resolves when the latest call of `leave()` is complete. */
  get settled(): Promise<unknown> {
    return this.#deleting;
  }

  /** Stores that the record at `key` belongs to `user`. Never rejects. */
  async add(user: string, key: string): Promise<void> {
    if (key === this.#config.defaultKey(user)) return;
    await this.#config.keys.add(user, key).catch(() => {});
  }

  /** Deletes the user's records, and all records of an unknown user. Never rejects. */
  leave(sub: string): Promise<unknown> {
    this.#departures++;
    this.#deleting = this.#deleteAll(sub);
    return this.#deleting;
  }

  async #deleteAll(sub: string): Promise<void> {
    const { cache, keys } = this.#config;
    const [own, withoutUser] = await Promise.all([this.#keysOf(sub), this.#keysOf("")]);
    const isOthers = ({ tokens: { user } }: CacheRecord) => user !== undefined && user.sub !== sub;
    await Promise.all([
      ...own.map((key) => cache.forget(key)),
      ...withoutUser.map((key) => cache.forget(key, isOthers)),
      keys.delete(sub).catch(() => {}),
    ]);
  }

  async #keysOf(user: string): Promise<readonly string[]> {
    const { keys, defaultKey } = this.#config;
    const others = await keys.of(user).catch(() => []);
    return [defaultKey(user) ?? [], others].flat();
  }
}

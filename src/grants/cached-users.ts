import type { UserKeys } from "../core/user-keys.ts";
import type { CacheRecord, TokenCache } from "./token-cache.ts";

/** The parts of `CachedUsers`. */
export interface CachedUsersConfig {
  readonly cache: TokenCache;
  readonly keys: UserKeys;
  /** Key of the user's record for the default target, if the user alone decides it. The empty user: requests without a user. */
  readonly defaultKey: (user: string) => string | undefined;
}

/** Deletes the records of users who log out or are forgotten. */
export class CachedUsers {
  readonly #config: CachedUsersConfig;
  #departures = 0;
  #deleting: Promise<unknown> = Promise.resolve();

  constructor(config: CachedUsersConfig) {
    this.#config = config;
  }

  /** How many users were removed. Tokens that were requested before the last removal are not stored. */
  get departures(): number {
    return this.#departures;
  }

  /** Settles when the running deletion is done. Never rejects. */
  get settled(): Promise<unknown> {
    return this.#deleting;
  }

  /** Remembers that the record at `key` belongs to `user`. Never rejects. */
  async add(user: string, key: string): Promise<void> {
    if (key === this.#config.defaultKey(user)) return;
    await this.#config.keys.add(user, key).catch(() => {});
  }

  /** Deletes the user's records. Never rejects. */
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
      // The keys of these records name no user, so the user of their tokens decides.
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

import { encodeKey } from "./keys.ts";
import type { TabLock } from "./ports.ts";
import type { TokenStorage } from "./token-storage.ts";

/** The configuration of a `UserKeys`. */
export interface UserKeysConfig {
  readonly storage: TokenStorage;
  /** The first part of every storage key that this `UserKeys` uses. */
  readonly name: string;
  readonly locks: Pick<TabLock, "request">;
}

/**
 * Stores for each user the list of the user's storage keys. The list is necessary because a `TokenStorage` cannot list its
 * keys.
 */
export class UserKeys {
  readonly #config: UserKeysConfig;

  constructor(config: UserKeysConfig) {
    this.#config = config;
  }

  /**
   * Returns the keys of the user's storage entries.
   * @throws StorageError the storage failed
   */
  async of(sub: string): Promise<readonly string[]> {
    const keys = await this.#config.storage.get(this.#key(sub));
    return Array.isArray(keys) ? keys.filter((key) => typeof key === "string") : [];
  }

  /**
   * Adds `key` to the list of the user's storage keys.
   * @throws StorageError the storage failed
   */
  async add(sub: string, key: string): Promise<void> {
    const { storage, locks } = this.#config;
    if ((await this.of(sub)).includes(key)) return;
    await locks.request(this.#key(sub), { mode: "exclusive" }, async () => {
      await storage.set(this.#key(sub), [...new Set([...(await this.of(sub)), key])]);
    });
  }

  /**
   * Deletes the list of the user's storage keys. The storage entries with these keys stay.
   * @throws StorageError the storage failed
   */
  delete(sub: string): Promise<void> {
    return this.#config.storage.delete(this.#key(sub));
  }

  #key(sub: string): string {
    return `${this.#config.name}/keys/${encodeKey(sub)}`;
  }
}

import type { TabLock } from "./ports.ts";
import type { TokenStorage } from "./token-storage.ts";

/** The parts of a `UserKeys`. */
export interface UserKeysConfig {
  readonly storage: TokenStorage;
  /**
   * The name of this `UserKeys` object. Each storage key contains the name, so that the keys differ from the keys of other
   * code.
   */
  readonly name: string;
  readonly locks: Pick<TabLock, "request">;
}

/**
 * Stores a list for each user: the keys of the storage entries that belong to the user. The lists are needed because a
 * `TokenStorage` cannot list its keys.
 */
export class UserKeys {
  readonly #config: UserKeysConfig;

  constructor(config: UserKeysConfig) {
    this.#config = config;
  }

  /**
   * Returns the keys of the user's entries.
   * @throws StorageError the storage failed
   */
  async of(sub: string): Promise<readonly string[]> {
    const keys = await this.#config.storage.get(this.#key(sub));
    return Array.isArray(keys) ? keys.filter((key) => typeof key === "string") : [];
  }

  /**
   * Stores that the entry with the key `key` belongs to the user.
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
   * Deletes the list of the user's keys. The entries themselves stay.
   * @throws StorageError the storage failed
   */
  delete(sub: string): Promise<void> {
    return this.#config.storage.delete(this.#key(sub));
  }

  #key(sub: string): string {
    return `${this.#config.name}/keys/${encodeURIComponent(sub)}`;
  }
}

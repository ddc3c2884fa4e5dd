import type { TabLock } from "./ports.ts";
import type { TokenStorage } from "./token-storage.ts";

/** The parts of a `UserKeys`. */
export interface UserKeysConfig {
  readonly storage: TokenStorage;
  /** Keeps these keys apart from those of other code that uses the same storage. */
  readonly name: string;
  readonly locks: Pick<TabLock, "request">;
}

/** Records the storage keys of each user's entries, because a storage cannot list its keys. */
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
   * Records that `key` has an entry of the user.
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
   * Deletes the record of the user's keys, and not the entries.
   * @throws StorageError the storage failed
   */
  delete(sub: string): Promise<void> {
    return this.#config.storage.delete(this.#key(sub));
  }

  #key(sub: string): string {
    return `${this.#config.name}/keys/${encodeURIComponent(sub)}`;
  }
}

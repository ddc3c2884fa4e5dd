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
    return keysOf(await this.#config.storage.get(this.#key(sub)));
  }

  /**
   * Adds `key` to the list of the user's storage keys. The list does not expire, also in a storage with a default time to live,
   * because the entries might live longer than the list.
   * @throws StorageError the storage failed
   */
  async add(sub: string, key: string): Promise<void> {
    if ((await this.of(sub)).includes(key)) return;
    await this.#config.locks.request(this.#key(sub), { mode: "exclusive" }, () =>
      this.#addLocked(sub, key),
    );
  }

  /**
   * Deletes the list of the user's storage keys. The storage entries with these keys stay.
   * @throws StorageError the storage failed
   */
  delete(sub: string): Promise<void> {
    return this.#config.storage.delete(this.#key(sub));
  }

  async #addLocked(sub: string, key: string): Promise<void> {
    const { storage } = this.#config;
    for (;;) {
      const before = await this.of(sub);
      const keys = [...new Set([...before, key])];
      if (!storage.replace) return storage.set(this.#key(sub), keys);
      // A process that has lost its lock must not replace a newer list.
      const isSame = (stored: unknown) => JSON.stringify(keysOf(stored)) === JSON.stringify(before);
      if (await storage.replace(this.#key(sub), keys, Infinity, isSame)) return;
    }
  }

  #key(sub: string): string {
    return `${this.#config.name}/keys/${encodeKey(sub)}`;
  }
}

function keysOf(stored: unknown): readonly string[] {
  return Array.isArray(stored) ? stored.filter((key) => typeof key === "string") : [];
}

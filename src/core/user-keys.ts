import type { TabLock } from "./ports.ts";
import type { TokenStorage } from "./token-storage.ts";

export interface UserKeysConfig {
  readonly storage: TokenStorage;
  /** Whose keys: a name that differs between those who share the storage. */
  readonly name: string;
  readonly locks: Pick<TabLock, "request">;
}

/** Under which keys of a storage each user's entries are, because a storage cannot list its keys. */
export class UserKeys {
  readonly #config: UserKeysConfig;

  constructor(config: UserKeysConfig) {
    this.#config = config;
  }

  /** @throws StorageError */
  async of(sub: string): Promise<readonly string[]> {
    const keys = await this.#config.storage.get(this.#key(sub));
    return Array.isArray(keys) ? keys.filter((key) => typeof key === "string") : [];
  }

  /** @throws StorageError */
  async add(sub: string, key: string): Promise<void> {
    const { storage, locks } = this.#config;
    if ((await this.of(sub)).includes(key)) return;
    await locks.request(this.#key(sub), { mode: "exclusive" }, async () => {
      await storage.set(this.#key(sub), [...new Set([...(await this.of(sub)), key])]);
    });
  }

  /** @throws StorageError */
  delete(sub: string): Promise<void> {
    return this.#config.storage.delete(this.#key(sub));
  }

  #key(sub: string): string {
    return `${this.#config.name}/keys/${encodeURIComponent(sub)}`;
  }
}

import { encodeKey } from "../core/keys.ts";
import type { TokenStorage } from "../core/token-storage.ts";

/** How long the mark of a removal is stored: longer than a token request takes. Milliseconds. */
const MARK_MS = 86_400_000;

/**
 * Stores for a day that a user was removed, so that a token request which runs in another process does not store the user's
 * tokens again. Does nothing if the storage has no `replace()`, because several processes need a storage that has `replace()`.
 */
export class UserRemovals {
  readonly #storage: TokenStorage;
  readonly #name: string;

  /** `name`: the first part of every storage key that this `UserRemovals` uses. */
  constructor(storage: TokenStorage, name: string) {
    this.#storage = storage;
    this.#name = name;
  }

  /**
   * Returns the mark of the user's last removal, or undefined. Each removal has another mark.
   * @throws StorageError the storage failed
   */
  async last(sub: string): Promise<unknown> {
    return this.#storage.replace && this.#storage.get(this.#key(sub));
  }

  /**
   * Stores the mark of a removal.
   * @throws StorageError the storage failed
   */
  async add(sub: string): Promise<void> {
    if (!this.#storage.replace) return;
    await this.#storage.set(this.#key(sub), crypto.randomUUID(), MARK_MS);
  }

  #key(sub: string): string {
    return `${this.#name}/removed/${encodeKey(sub)}`;
  }
}

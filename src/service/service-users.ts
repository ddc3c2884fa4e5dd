import type { Grant } from "../core/grant.ts";
import type { OwnerId, TokenOwner } from "../core/token-owner.ts";
import type { TokenSet } from "../core/token-set.ts";
import type { UserKeys } from "../core/user-keys.ts";
import { NoTokenError } from "../core/errors.ts";
import type { UserRemovals } from "./user-removals.ts";

/** The options of `ServiceUsers`. */
export interface ServiceUsersConfig {
  readonly provider: Grant;
  /** The object that says which user the tokens belong to. Default: the `owner` of the provider. */
  readonly owner?: TokenOwner | undefined;
  readonly keys: UserKeys;
  readonly removals: UserRemovals;
  /**
   * Deletes the tokens that are stored at `key`.
   * @throws StorageError the storage failed; the tokens might still be stored
   */
  readonly deleteEntry: (key: string) => Promise<void>;
}

/** The user whose tokens a call returns. */
export interface ServiceUser extends OwnerId {
  /**
   * How many users had been removed when `current()` looked up this user. If more users have been removed since then, this user
   * might be one of them.
   */
  readonly departures: number;
}

/** Thrown when the user changed or logged out while the provider was called. The provider's tokens are discarded. */
export class UserChanged extends NoTokenError {
  constructor() {
    super("the user changed or logged out during the token request, so its token was discarded");
  }
}

/** Returns the current user of a token manager, and deletes the stored tokens of users who log out. */
export class ServiceUsers {
  readonly #config: ServiceUsersConfig;
  #departures = 0;
  #unlisten: (() => void) | undefined;

  constructor(config: ServiceUsersConfig) {
    this.#config = config;
  }

  /** From now on, deletes the tokens of each user that the `owner` reports as removed. A second call does nothing. */
  listen(): void {
    if (!this.#owner?.onUserRemoved) return;
    this.#unlisten ??= this.#owner.onUserRemoved((sub) => this.leave(sub)) ?? (() => {});
  }

  /** Stops listening to the `owner`. The next call of `listen()` or `current()` listens again. */
  unlisten(): void {
    this.#unlisten?.();
    this.#unlisten = undefined;
  }

  /** Returns the current user. Returns undefined if the tokens depend on no user, and `"none"` if no user is signed in. */
  async current(): Promise<ServiceUser | "none" | undefined> {
    const owner = this.#owner;
    if (!owner) return undefined;
    this.listen();
    const departures = this.#departures;
    const user = await owner.getUser();
    if (!user) return "none";
    return user.sub === "" ? undefined : { ...idOf(user), departures };
  }

  /**
   * Returns true if `tokens` can be stored for `user`. If the user is unknown (`isDerived`), `user.sub` is a hash of the
   * owner's access token. Returns false if this hash has changed.
   * @throws UserChanged the tokens belong to another user, or the user was removed or is no longer the current user
   */
  async mayStore(user: ServiceUser | undefined, tokens: TokenSet): Promise<boolean> {
    if (!user) return true;
    const now = await this.current();
    if (!this.isHere(user)) throw new UserChanged();
    const isSame = typeof now === "object" && now.sub === user.sub && isOf(user, tokens);
    if (!isSame && !user.isDerived) throw new UserChanged();
    return isSame;
  }

  /** Returns true if no user was removed after `current()` looked up `user`. */
  isHere(user: ServiceUser | undefined): boolean {
    return !user || user.departures === this.#departures;
  }

  /** Adds `key` to the stored list of the user's storage keys. Never rejects. */
  async add(user: ServiceUser, key: string): Promise<void> {
    await this.#config.keys.add(user.sub, key).catch(() => {});
  }

  /**
   * Deletes all stored tokens of a user.
   * @throws StorageError the storage failed; some tokens might still be stored
   */
  async leave(sub: string): Promise<void> {
    this.#departures++;
    try {
      await this.#config.removals.add(sub);
    } finally {
      // A full storage stores no mark, but can delete tokens.
      await this.#deleteAll(sub);
    }
  }

  /**
   * Returns the mark of the user's last removal by any process.
   * @throws StorageError the storage failed
   */
  async removal(user: ServiceUser | undefined): Promise<unknown> {
    return user && this.#config.removals.last(user.sub);
  }

  async #deleteAll(sub: string): Promise<void> {
    const { keys, deleteEntry } = this.#config;
    const all = await keys.of(sub);
    await Promise.all(all.map(deleteEntry));
    await keys.delete(sub);
  }

  get #owner(): TokenOwner | undefined {
    const { owner, provider } = this.#config;
    return owner ?? provider.owner ?? undefined;
  }
}

/** Returns true if the tokens belong to `user`. If `user` or the user of the tokens is unknown, also returns true. */
export function isOf(user: OwnerId, { user: theirs }: Pick<TokenSet, "user">): boolean {
  return user.isDerived === true || theirs === undefined || theirs.sub === user.sub;
}

function idOf({ sub, isDerived }: OwnerId): OwnerId {
  return isDerived ? { sub, isDerived } : { sub };
}

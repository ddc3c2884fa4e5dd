import type { Grant } from "../core/grant.ts";
import type { OwnerId, TokenOwner } from "../core/token-owner.ts";
import type { TokenSet } from "../core/token-set.ts";
import type { UserKeys } from "../core/user-keys.ts";
import { NoTokenError } from "../core/errors.ts";

export interface ServiceUsersConfig {
  readonly provider: Grant;
  /** The provider's own when not given. */
  readonly owner?: TokenOwner | undefined;
  readonly keys: UserKeys;
  /** Deletes an entry. @throws StorageError */
  readonly deleteEntry: (key: string) => Promise<void>;
}

/** The user whose tokens one call is about. */
export interface ServiceUser extends OwnerId {
  /** How many users had left when the call began. */
  readonly departures: number;
}

/** The user changed, or left, while the provider was asked: what came is given to nobody. */
export class UserChanged extends NoTokenError {
  constructor() {
    super("the user changed while the token was requested");
  }
}

/** Whose tokens a token manager gives, and which entries a user who leaves had. */
export class ServiceUsers {
  readonly #config: ServiceUsersConfig;
  #departures = 0;
  #isListening = false;

  constructor(config: ServiceUsersConfig) {
    this.#config = config;
  }

  /** Follows users who leave. Does nothing the second time. */
  listen(): void {
    if (this.#isListening || !this.#owner?.onUserRemoved) return;
    this.#isListening = true;
    this.#owner.onUserRemoved((sub) => this.leave(sub));
  }

  /** Undefined: the tokens depend on no user. `"nobody"`: they belong to a user, and nobody is signed in. */
  async current(): Promise<ServiceUser | "nobody" | undefined> {
    const owner = this.#owner;
    if (!owner) return undefined;
    this.listen();
    const departures = this.#departures;
    const user = await owner.getUser();
    if (!user) return "nobody";
    return user.sub === "" ? undefined : { ...idOf(user), departures };
  }

  /**
   * Whether `tokens` may be stored for `user`. False only when nobody says who the user is, and the user's token is another
   * one by now.
   * @throws UserChanged the tokens are not of the user, who left, or is not the current user any more
   */
  async mayStore(user: ServiceUser | undefined, tokens: TokenSet): Promise<boolean> {
    if (!user) return true;
    const now = await this.current();
    if (!this.isHere(user)) throw new UserChanged();
    const isSame = typeof now === "object" && now.sub === user.sub && isOf(user, tokens);
    if (!isSame && !user.isDerived) throw new UserChanged();
    return isSame;
  }

  /** No user has left since the call began. */
  isHere(user: ServiceUser | undefined): boolean {
    return !user || user.departures === this.#departures;
  }

  /** `key` has an entry of `user`. Never rejects: a storage that fails keeps no entry. */
  async add(user: ServiceUser, key: string): Promise<void> {
    await this.#config.keys.add(user.sub, key).catch(() => {});
  }

  /** Deletes all entries of a user. @throws StorageError */
  async leave(sub: string): Promise<void> {
    const { keys, deleteEntry } = this.#config;
    this.#departures++;
    const all = await keys.of(sub);
    await Promise.all(all.map(deleteEntry));
    await keys.delete(sub);
  }

  get #owner(): TokenOwner | undefined {
    const { owner, provider } = this.#config;
    return owner ?? provider.owner ?? undefined;
  }
}

/** Tokens that name nobody count as the user's. */
export function isOf(user: OwnerId, { user: theirs }: Pick<TokenSet, "user">): boolean {
  return user.isDerived === true || theirs === undefined || theirs.sub === user.sub;
}

function idOf({ sub, isDerived }: OwnerId): OwnerId {
  return isDerived ? { sub, isDerived } : { sub };
}

import type { RememberedUser } from "./login-prompt.ts";
import type { SessionRow } from "./session.ts";

/** A user and the user's stored session. `sub` is absent if there is no user. `row` is absent if there is no session. */
export interface StoredUser {
  sub?: string;
  row?: SessionRow | undefined;
  /** True if `pin()` has bound this tab to the user, or to no user. The tab then ignores the default user. */
  isPinned?: boolean;
}

/**
 * Stores three things for one OAuth client: the users of this device, the user of this tab, and the default user of new tabs.
 * Every method rejects with a `StorageError` when the store fails.
 *
 * `createAuth({ users })` takes a store of the app. All tabs must see the same users and the same default user. The user that
 * `pin()` stores belongs to this tab only, and must survive a reload of the tab. A store need not notify other tabs of a
 * change, because Latchkey does so.
 */
export interface UserStore {
  /**
   * Returns this tab's user and the user's session. If `pin()` has not bound this tab, returns the default user and this user's
   * session.
   */
  getActive(): Promise<StoredUser>;
  /** Sets the default user. New tabs start with this user. With `null`, new tabs start without a user. */
  putDefault(sub: string | null): Promise<void>;
  /**
   * Binds this tab to the user `sub` until the tab closes. With `""`, the tab has no user. With `undefined`, the tab uses the
   * default user again.
   */
  pin(sub: string | undefined): void;
  /**
   * Loads the methods for all users of this client on this device.
   * @throws NetworkError the code could not be loaded
   */
  users(): Promise<RememberedUsers>;
}

/**
 * The methods for all users of one client on this device. `putDefault()`, `dropDefault()` and `forget()` must each be atomic: no
 * other tab may change the data between the read and the write.
 */
export interface RememberedUsers {
  /** Returns the remembered users, sorted by `lastUsedAt`, the latest first. */
  list(): Promise<readonly RememberedUser[]>;
  /** Returns the `sub` of every user with a stored session, even if the session is damaged. */
  known(): Promise<readonly string[]>;
  /** If the user has a stored session, makes the user the default user and returns true. Otherwise returns false. */
  putDefault(sub: string): Promise<boolean>;
  /** If `sub` is the default user and has no stored session, removes the default user. New tabs then start without a user. */
  dropDefault(sub: string): Promise<void>;
  /** Deletes all data of the user in this store. For one day, the store keeps a record of this deletion. */
  forget(sub: string): Promise<void>;
  /**
   * Whether `forget()` was called for the user within the last day, and the user has not logged in since. Without `sub`,
   * returns true if this applies to at least one user.
   */
  isForgotten(sub?: string): Promise<boolean>;
  /** Deletes the record that `forget()` stored for the user. A new login of the user calls this method. */
  clearForgotten(sub: string): Promise<void>;
}

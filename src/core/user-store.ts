import type { RememberedUser } from "./login-prompt.ts";
import type { SessionRow } from "./session.ts";

/** A user, and the user's session on this device if there is one. */
export interface StoredUser {
  sub?: string;
  row?: SessionRow | undefined;
  /**
   * True when `pin()` has fixed the user of this tab. The tab then ignores the default user. If `sub` is absent, `pin("")` has
   * fixed that this tab has no user.
   */
  isPinned?: boolean;
}

/**
 * Stores the users of one client on this device, this tab's user, and the default user of new tabs. Every method rejects with a
 * `StorageError` when the store fails.
 */
export interface UserStore {
  /**
   * Returns this tab's user and the session of this user, read in one transaction. If `pin()` has not bound this tab to a user
   * or to no user, returns the default user.
   */
  getActive(): Promise<StoredUser>;
  /** Sets the default user, with whom new tabs start. `null`: new tabs start without a user. */
  putDefault(sub: string | null): Promise<void>;
  /**
   * Binds this tab to the user `sub` until the tab closes. `""` binds the tab to no user. `undefined` removes the binding, so
   * that the tab uses the default user.
   */
  pin(sub: string | undefined): void;
  /**
   * Loads the methods for all users of this device.
   * @throws NetworkError the code could not be loaded
   */
  users(): Promise<RememberedUsers>;
}

/** The methods for all users of one client on this device. */
export interface RememberedUsers {
  /**
   * Returns the remembered users, the most recently used first. If the record of a user is damaged, the result has the `sub`
   * and the valid members of the record.
   */
  list(): Promise<readonly RememberedUser[]>;
  /** Returns the `sub` of every user with a stored session, even if the session is damaged. */
  known(): Promise<readonly string[]>;
  /** Makes `sub` the default user if this user has a stored session. Returns whether there is such a session. */
  putDefault(sub: string): Promise<boolean>;
  /** Removes the default user if that user is `sub` and has no stored session. */
  dropDefault(sub: string): Promise<void>;
  /**
   * Deletes all data of the user in one transaction. For one day, the store then keeps a record that the user was forgotten.
   */
  forget(sub: string): Promise<void>;
  /**
   * Whether the user was forgotten: `forget()` was called for the user within the last day, and the user has not logged in
   * since then. Without `sub`, the result is true if at least one user was forgotten.
   */
  isForgotten(sub?: string): Promise<boolean>;
  /** Deletes the record that `forget()` stored for the user. Called when the user has logged in again. */
  clearForgotten(sub: string): Promise<void>;
}

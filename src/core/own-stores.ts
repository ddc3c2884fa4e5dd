import { ConfigurationError } from "./errors.ts";
import type { ClientKey } from "./keys.ts";
import type { SessionStore } from "./session.ts";
import type { UserStore } from "./user-store.ts";

/** The argument of the function `users`. */
export interface UserStoreParts {
  /** The issuer and the client id, as one string. `sessionKey(client, sub)` is the key of a user's session. */
  readonly client: ClientKey;
  /** The sessions of all users of this client. `getActive()` reads the session of this tab's user from this store. */
  readonly sessions: SessionStore;
}

/** The stores of a client. `createAuth()` and `importSession()` take the same values. */
export interface StoresConfig {
  /**
   * The place where tokens are stored. Default: `device`.
   * - `device`: the tokens are stored on disk, in IndexedDB.
   * - `memory`: the tokens are only in the memory of the open tabs. When the last tab closes, the tokens are lost.
   *
   * A new version of the app can change this value. The existing sessions then continue.
   */
  readonly persist?: "device" | "memory";
  /**
   * The app's own store of sessions, which every part of Latchkey uses. The store must have `keys()`, unless `users` is
   * also given. The store cannot be combined with `persist`. Default: IndexedDB.
   */
  readonly sessions?: SessionStore;
  /**
   * The app's own store of users, or a function that creates this store. The function gets the store of the sessions, because
   * `getActive()` also returns the user's session. The store cannot be combined with `persist`. Default: IndexedDB and
   * `sessionStorage`.
   */
  readonly users?: UserStore | ((parts: UserStoreParts) => UserStore);
}

/**
 * Validates the app's own stores.
 * @throws ConfigurationError a store lacks a method, or is given together with `persist`
 */
export function checkStores({ persist, sessions, users }: StoresConfig): void {
  const methods = {
    sessions: `get update seal open ${users ? "get" : "keys"}`,
    users: "getActive putDefault pin users",
  };
  for (const [input, store] of Object.entries({ sessions, users })) {
    if (store === undefined) continue;
    if (persist)
      throw new ConfigurationError("persist", `it is given with ${input}`, "Omit persist.");
    if (input === "users" && typeof store === "function") continue;
    const isMissing = (name: string) => !(name in Object(store));
    const name = methods[input as "sessions" | "users"].split(" ").find(isMissing);
    if (name) throw new ConfigurationError(`${input}.${name}`, "it is missing", "Add this method.");
  }
}

import type { Database } from "../browser/storage/database.ts";
import type { AuthorizationServer } from "../core/authorization-server.ts";
import type { ClientKey } from "../core/keys.ts";
import type { Clock, Random, TabLock } from "../core/ports.ts";
import type { Refresher } from "../core/refresher.ts";
import type { RequestStore } from "../core/request-store.ts";
import type { SessionStore } from "../core/session.ts";
import type { UserStore } from "../core/user-store.ts";

/** The parts that `createAuth()` passes to the function `CreateAuthConfig.grant`. */
export interface GrantParts {
  /** The issuer and the client id, as one string for storage keys and channel names. */
  readonly client: ClientKey;
  /** Calls the endpoints of the authorization server. */
  readonly server: AuthorizationServer;
  /** Refreshes stored sessions. */
  readonly refresher: Refresher;
  /** Stores the pending device logins. A `DeviceCodeGrant` needs this store. */
  readonly requests: RequestStore;
  /** The IndexedDB database of Latchkey. A custom grant can store its own data in this database. */
  readonly database: Database;
  /** The sessions of all users of this client on this device. */
  readonly sessions: SessionStore;
  /** Stores the users of this client on this device, and the user of this tab. */
  readonly users: UserStore;
  /** Locks between the tabs of this origin. */
  readonly locks: TabLock;
  readonly clock: Clock;
  readonly random: Random;
}

import { encodeKey, sessionKey, type ClientKey } from "../../core/keys.ts";
import type { Clock, TabLock } from "../../core/ports.ts";
import {
  NO_CHANGE,
  type SessionRow,
  type SessionStore,
  isNewer,
  newerVersion,
} from "../../core/session.ts";
import type { StoredUser, UserStore } from "../../core/user-store.ts";

/** The configuration of a `Presence`. */
export interface PresenceConfig {
  readonly client: ClientKey;
  readonly sessions: SessionStore;
  readonly users: UserStore;
  readonly clock: Clock;
  readonly locks: TabLock;
  /** Deletes the pending authorization requests and the handled responses of a user. Absent: nothing is deleted. */
  readonly deleteTraces?: ((sub: string) => Promise<void>) | undefined;
}

/**
 * The pause between the two checks for another open tab of the user. One check is not enough, because a tab holds no lock
 * during a reload. Milliseconds.
 */
const LOOK_AGAIN_MS = 1_000;

/**
 * Deletes the session of a user who is not remembered, if no tab of the user is open. Each open tab of the user holds a lock.
 * If the lock is free, no tab of the user is open.
 */
export class Presence {
  readonly #config: PresenceConfig;
  readonly #present = new Set<string>();

  constructor(config: PresenceConfig) {
    this.#config = config;
  }

  /**
   * If a tab of the user is open, returns the session. This tab then holds the user's lock until the page closes. If no tab of
   * the user is open, deletes the session and returns an empty object.
   */
  async read(found: StoredUser): Promise<StoredUser> {
    const { client, locks, sessions } = this.#config;
    const { sub = "", isPinned } = found;
    if (this.#present.has(sub)) return found;
    const name = `present/${client}/${encodeKey(sub)}`;
    if (!isPinned && !(await this.#isHere(name, found))) return {};
    await holdForLife(locks, name);
    this.#present.add(sub);
    const row = await sessions.get(sessionKey(client, sub));
    if (isNewer(row)) throw newerVersion();
    return row ? { ...found, row } : {};
  }

  /**
   * Returns true if a tab of the user is open, or if the user logs in during this check. Otherwise deletes the session and
   * returns false. Without Web Locks, returns false and does not delete the session.
   */
  async #isHere(name: string, { sub = "", row }: StoredUser): Promise<boolean> {
    const { client, locks, clock, sessions, users, deleteTraces } = this.#config;
    // Without Web Locks, a tab cannot find other tabs. So only the tab of the login uses the session.
    if (!(await isExclusive(locks, `${name}/probe`))) return false;
    const remembered = await users.users();
    if (!(await ifNoTab(locks, name, async () => {}))) return true;
    await clock.sleep(LOOK_AGAIN_MS);
    let current = row;
    await ifNoTab(locks, name, async () => {
      let deleted: SessionRow | undefined;
      current = await sessions.update(sessionKey(client, sub), (now) => {
        deleted = now?.sessionId === row?.sessionId && now?.lifetime === "tabs" ? now : undefined;
        return deleted ? undefined : NO_CHANGE;
      });
      if (deleted?.tokens) sessions.discard?.(deleted.tokens);
      if (deleted) await deleteTraces?.(sub);
      await remembered.dropDefault(sub);
    });
    return current !== undefined;
  }
}

/**
 * If no tab holds the lock `name`, runs `act` and returns true. Otherwise returns false. The check itself holds the lock for a
 * moment. Therefore a second lock (`look`) lets only one tab check at a time.
 */
function ifNoTab(locks: TabLock, name: string, act: () => Promise<void>): Promise<boolean> {
  return locks.request(`${name}/look`, { mode: "exclusive" }, () => ifFree(locks, name, act));
}

function ifFree(locks: TabLock, name: string, act: () => Promise<void>): Promise<boolean> {
  return locks.request(name, { mode: "exclusive", ifAvailable: true }, async (granted) => {
    if (granted) await act();
    return granted;
  });
}

/**
 * Returns true if the browser has Web Locks. Without Web Locks, `locks` grants every request, even if the lock is already held.
 */
function isExclusive(locks: TabLock, name: string): Promise<boolean> {
  return locks.request(
    name,
    { mode: "shared" },
    async () => !(await ifFree(locks, name, async () => {})),
  );
}

/** Requests the lock and holds the lock until the page closes. Resolves when the lock is granted. */
function holdForLife(locks: TabLock, name: string): Promise<void> {
  return new Promise((held, reject) => {
    const hold = () => {
      held();
      return new Promise<never>(() => {});
    };
    locks.request(name, { mode: "shared" }, hold).catch(reject);
  });
}

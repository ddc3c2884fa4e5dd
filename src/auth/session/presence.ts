import { sessionKey, type ClientKey } from "../../core/keys.ts";
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
}

/**
 * The pause between the two checks whether another tab of the user is open. A single check is not enough, because a tab that is
 * reloading holds no lock for a moment. Milliseconds.
 */
const LOOK_AGAIN_MS = 1_000;

/**
 * Deletes the session of a user who is not remembered, once no tab of the user is open any more. Each open tab of the user
 * holds a lock. Other tabs find the open tab by this lock.
 */
export class Presence {
  readonly #config: PresenceConfig;
  readonly #present = new Set<string>();

  constructor(config: PresenceConfig) {
    this.#config = config;
  }

  /**
   * If a tab of the session's user is open, returns the session. This tab then also holds the user's lock until its page
   * closes. If no tab of the user is open, deletes the session and returns an empty object.
   */
  async read(found: StoredUser): Promise<StoredUser> {
    const { client, locks, sessions } = this.#config;
    const { sub = "", isPinned } = found;
    if (this.#present.has(sub)) return found;
    const name = `present/${client}/${encodeURIComponent(sub)}`;
    if (!isPinned && !(await this.#isHere(name, found))) return {};
    await holdForLife(locks, name);
    this.#present.add(sub);
    const row = await sessions.get(sessionKey(client, sub));
    if (isNewer(row)) throw newerVersion();
    return row ? { ...found, row } : {};
  }

  /**
   * Returns true if a tab holds the user's lock, or if the user has logged in during this check. Otherwise returns false and,
   * if the browser has Web Locks, deletes the session.
   */
  async #isHere(name: string, { sub = "", row }: StoredUser): Promise<boolean> {
    const { client, locks, clock, sessions, users } = this.#config;
    // Without Web Locks, a tab cannot find other tabs. Then only the tab in which the user logged in uses the session.
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
      await remembered.dropDefault(sub);
    });
    return current !== undefined;
  }
}

/**
 * If no tab holds the lock, runs `act` and returns true. Otherwise returns false. During a check, the checking tab holds the
 * lock for a moment. A second tab could take this tab for an open tab of the user, so a second lock (`look`) lets only one tab
 * check at a time.
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
 * Returns true if `locks` refuses a lock that is already held, as Web Locks do. Without Web Locks, every request is granted.
 */
function isExclusive(locks: TabLock, name: string): Promise<boolean> {
  return locks.request(
    name,
    { mode: "shared" },
    async () => !(await ifFree(locks, name, async () => {})),
  );
}

/** Requests the lock and holds it until the page closes. The browser then releases the lock. Resolves when the lock is held. */
function holdForLife(locks: TabLock, name: string): Promise<void> {
  return new Promise((held, reject) => {
    const hold = () => {
      held();
      return new Promise<never>(() => {});
    };
    locks.request(name, { mode: "shared" }, hold).catch(reject);
  });
}

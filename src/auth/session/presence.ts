import { sessionKey, type ClientKey } from "../../core/keys.ts";
import type { Clock, TabLock } from "../../core/ports.ts";
import {
  NO_CHANGE,
  type SessionRow,
  type SessionStore,
  type StoredUser,
  type UserStore,
  isNewer,
  newerVersion,
} from "../../core/session.ts";

export interface PresenceConfig {
  readonly client: ClientKey;
  readonly sessions: SessionStore;
  readonly users: UserStore;
  readonly clock: Clock;
  readonly locks: TabLock;
}

/** A tab that reloads is nowhere in between. Milliseconds. */
const LOOK_AGAIN_MS = 1_000;

/** Of people who are not to be remembered: they are here while a tab is open that was theirs. */
export class Presence {
  readonly #config: PresenceConfig;
  readonly #present = new Set<string>();

  constructor(config: PresenceConfig) {
    this.#config = config;
  }

  /**
   * The session if somebody may go on with it, as it is by then. From then on this tab stands for it, for as long as the page
   * lives. When no tab did, it is deleted.
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

  /** Whether a tab stands for it, or somebody signs in at this moment. */
  async #isHere(name: string, { sub = "", row }: StoredUser): Promise<boolean> {
    const { client, locks, clock, sessions, users } = this.#config;
    // Without Web Locks no tab can tell: then it is for the tab alone that signed in.
    if (!(await isExclusive(locks, `${name}/probe`))) return false;
    const remembered = await users.users();
    if (!(await ifNoTab(locks, name, async () => {}))) return true;
    await clock.sleep(LOOK_AGAIN_MS);
    let left = row;
    await ifNoTab(locks, name, async () => {
      let gone: SessionRow | undefined;
      left = await sessions.update(sessionKey(client, sub), (now) => {
        gone = now?.sessionId === row?.sessionId && now?.lifetime === "tabs" ? now : undefined;
        return gone ? undefined : NO_CHANGE;
      });
      if (gone?.tokens) sessions.discard?.(gone.tokens);
      await remembered.dropDefault(sub);
    });
    return left !== undefined;
  }
}

/** Who looks holds the lock for a moment: one after the other, so that only who stands for the session keeps others from it. */
function ifNoTab(locks: TabLock, name: string, act: () => Promise<void>): Promise<boolean> {
  return locks.request(`${name}/look`, { mode: "exclusive" }, () => ifFree(locks, name, act));
}

function ifFree(locks: TabLock, name: string, act: () => Promise<void>): Promise<boolean> {
  return locks.request(name, { mode: "exclusive", ifAvailable: true }, async (granted) => {
    if (granted) await act();
    return granted;
  });
}

function isExclusive(locks: TabLock, name: string): Promise<boolean> {
  return locks.request(
    name,
    { mode: "shared" },
    async () => !(await ifFree(locks, name, async () => {})),
  );
}

/** Resolves when the lock is held; it is freed with the page. */
function holdForLife(locks: TabLock, name: string): Promise<void> {
  return new Promise((held, reject) => {
    const hold = () => {
      held();
      return new Promise<never>(() => {});
    };
    locks.request(name, { mode: "shared" }, hold).catch(reject);
  });
}

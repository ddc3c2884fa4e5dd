import { sessionKey } from "../core/keys.ts";
import type { TabLock } from "../core/ports.ts";
import { KEEP, type StoredUser } from "../core/session.ts";
import type { ActiveSessionConfig } from "./active-session.ts";

/** A tab that reloads is nowhere in between. Milliseconds. */
const LOOK_AGAIN_MS = 1_000;

/** Of people who are not to be remembered: they are here while a tab is open that was theirs. */
export class Presence {
  readonly #config: ActiveSessionConfig;
  readonly #present = new Set<string>();

  constructor(config: ActiveSessionConfig) {
    this.#config = config;
  }

  /**
   * Whether somebody may go on with this session. From then on this tab stands for it, for as long as the page lives. When no tab
   * did, the session is deleted.
   */
  async includes({ sub = "", row, isPinned }: StoredUser): Promise<boolean> {
    const { client, locks, clock, sessions, users } = this.#config;
    if (this.#present.has(sub)) return true;
    const name = `present/${client}/${encodeURIComponent(sub)}`;
    if (!isPinned) {
      // Without Web Locks no tab can tell: then it is for the tab alone that signed in.
      if (!(await isExclusive(locks, `${name}/probe`))) return false;
      if (await ifNobody(locks, name, async () => {})) {
        await clock.sleep(LOOK_AGAIN_MS);
        const isGone = await ifNobody(locks, name, async () => {
          const key = sessionKey(client, sub);
          await sessions.update(key, (now) =>
            now?.sid === row?.sid && now?.keep === "tabs" ? undefined : KEEP,
          );
          sessions.discard?.(sub);
          if ((await users.getActive()).sub === sub) await users.putDefault(null);
        });
        if (isGone) return false;
      }
    }
    this.#present.add(sub);
    await holdForLife(locks, name);
    return true;
  }
}

function ifNobody(locks: TabLock, name: string, act: () => Promise<void>): Promise<boolean> {
  return locks.request(name, { mode: "exclusive", ifAvailable: true }, async (granted) => {
    if (granted) await act();
    return granted;
  });
}

function isExclusive(locks: TabLock, name: string): Promise<boolean> {
  return locks.request(
    name,
    { mode: "shared" },
    async () => !(await ifNobody(locks, name, async () => {})),
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

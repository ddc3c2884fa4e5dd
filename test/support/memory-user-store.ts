import { decodeKey, sessionKey, type ClientKey } from "../../src/core/keys.ts";
import type { RememberedUser } from "../../src/core/login-prompt.ts";
import type { RememberedUsers, StoredUser, UserStore } from "../../src/core/user-store.ts";
import { wallClock } from "../../src/core/ports.ts";
import type { MemorySessionStore } from "./memory-session-store.ts";
import { rememberedRecord } from "../../src/core/remembered-record.ts";
import { lastUsedFirst, parseRemembered } from "../../src/core/remembered-profile.ts";

const DAY_MS = 86_400_000;

/** Stores the client's users in this process's memory. Each instance is the view of one tab. */
export class MemoryUserStore implements UserStore {
  readonly #sessions: MemorySessionStore;
  readonly #client: ClientKey;
  readonly #device: MemoryUserStore;
  /** Used in the first view only. */
  #default: string | null = null;
  /** By `sub`, until when only a login restores a forgotten user. Milliseconds since the epoch. Used in the first view only. */
  readonly #forgotten = new Map<string, number>();
  #pinned: string | undefined;

  constructor(sessions: MemorySessionStore, client: ClientKey, device?: MemoryUserStore) {
    this.#sessions = sessions;
    this.#client = client;
    this.#device = device ?? this;
  }

  /** Returns another tab's view of the same users. */
  inAnotherTab(): MemoryUserStore {
    return new MemoryUserStore(this.#sessions, this.#client, this.#device);
  }

  async getActive(): Promise<StoredUser> {
    if (this.#pinned === undefined && this !== this.#device) return this.#device.getActive();
    const sub = this.#pinned ?? this.#default;
    if (!sub) return this.#pinned === "" ? { isPinned: true } : {};
    const row = await this.#sessions.get(sessionKey(this.#client, sub));
    return { sub, row, isPinned: this.#pinned !== undefined };
  }

  putDefault(sub: string | null): Promise<void> {
    if (this.#device !== this) return this.#device.putDefault(sub);
    this.#default = sub;
    return Promise.resolve();
  }

  pin(sub: string | undefined): void {
    this.#pinned = sub;
  }

  async #user(sub: string): Promise<readonly RememberedUser[]> {
    const record = rememberedRecord(await this.#sessions.get(sessionKey(this.#client, sub)));
    return record ? [parseRemembered(sub, record)] : [];
  }

  users(): Promise<RememberedUsers> {
    const sessions = this.#sessions;
    const prefix = sessionKey(this.#client, "");
    const device = this.#device;
    const known = async () =>
      (await sessions.keys(prefix)).map((key) => decodeKey(key.slice(prefix.length)));
    return Promise.resolve({
      list: async () =>
        lastUsedFirst((await Promise.all((await known()).map((sub) => this.#user(sub)))).flat()),
      known,
      putDefault: async (sub) => {
        const isKnown = (await known()).includes(sub);
        if (isKnown) device.#default = sub;
        return isKnown;
      },
      dropDefault: async (sub) => {
        if (device.#default === sub && !(await known()).includes(sub)) device.#default = null;
      },
      isForgotten: async (sub) =>
        [...device.#forgotten].some(
          ([forgotten, until]) => (sub ?? forgotten) === forgotten && until > wallClock.now(),
        ),
      clearForgotten: async (sub) => void device.#forgotten.delete(sub),
      forget: async (sub) => {
        device.#forgotten.set(sub, wallClock.now() + DAY_MS);
        await sessions.update(sessionKey(this.#client, sub), () => undefined);
        if (device.#default === sub) device.#default = null;
      },
    });
  }
}

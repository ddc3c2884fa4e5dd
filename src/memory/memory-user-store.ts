import { sessionKey, type ClientKey } from "../core/keys.ts";
import type { SessionRow, SessionStore, UserStore } from "../core/session.ts";

/** The client's default user in this process's memory, beside the sessions. */
export class MemoryUserStore implements UserStore {
  readonly #sessions: SessionStore;
  readonly #client: ClientKey;
  #sub: string | undefined;

  constructor(sessions: SessionStore, client: ClientKey) {
    this.#sessions = sessions;
    this.#client = client;
  }

  async getDefault(): Promise<{ sub?: string; row?: SessionRow }> {
    const sub = this.#sub;
    if (sub === undefined) return {};
    const row = await this.#sessions.get(sessionKey(this.#client, sub));
    return row === undefined ? { sub } : { sub, row };
  }

  putDefault(sub: string): Promise<void> {
    this.#sub = sub;
    return Promise.resolve();
  }
}

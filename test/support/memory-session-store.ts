import {
  NO_CHANGE,
  type SessionChange,
  type SessionRow,
  type SessionStore,
  type TokenRecord,
} from "../../src/core/session.ts";

/** Stores sessions in this process's memory. */
export class MemorySessionStore implements SessionStore {
  readonly #rows = new Map<string, SessionRow>();

  get(key: string): Promise<SessionRow | undefined> {
    return Promise.resolve(structuredClone(this.#rows.get(key)));
  }

  async update(key: string, change: SessionChange): Promise<SessionRow | undefined> {
    await Promise.resolve();
    const before = structuredClone(this.#rows.get(key));
    const after = change(before);
    if (after === NO_CHANGE) return structuredClone(this.#rows.get(key));
    if (after === undefined) this.#rows.delete(key);
    else this.#rows.set(key, structuredClone(after));
    return after;
  }

  async keys(prefix: string): Promise<readonly string[]> {
    return [...this.#rows.keys()].filter((key) => key.startsWith(prefix));
  }

  seal(record: TokenRecord): Promise<unknown> {
    return Promise.resolve(structuredClone(record));
  }

  open(tokens: unknown): Promise<TokenRecord> {
    return Promise.resolve(structuredClone(tokens) as TokenRecord);
  }
}

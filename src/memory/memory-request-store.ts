import type { RequestStore } from "../core/request-store.ts";

/**
 * Stores pending requests of one kind, such as authorization requests, in this process's memory. Do not use one store for
 * several kinds of requests.
 */
export class MemoryRequestStore implements RequestStore {
  readonly #records = new Map<string, string>();

  get(id: string): Promise<string | null> {
    return Promise.resolve(this.#records.get(id) ?? null);
  }

  set(id: string, value: string): Promise<void> {
    this.#records.set(id, value);
    return Promise.resolve();
  }

  remove(id: string): Promise<string | null> {
    const value = this.#records.get(id) ?? null;
    this.#records.delete(id);
    return Promise.resolve(value);
  }

  getAllKeys(): Promise<string[]> {
    return Promise.resolve([...this.#records.keys()]);
  }
}

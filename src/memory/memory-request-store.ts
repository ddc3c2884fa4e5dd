import type { RequestStore } from "../core/request-store.ts";

/** Pending authorization requests in this process's memory. */
export class MemoryRequestStore implements RequestStore {
  readonly #requests = new Map<string, string>();

  get(id: string): Promise<string | null> {
    return Promise.resolve(this.#requests.get(id) ?? null);
  }

  set(id: string, value: string): Promise<void> {
    this.#requests.set(id, value);
    return Promise.resolve();
  }

  remove(id: string): Promise<string | null> {
    const value = this.#requests.get(id) ?? null;
    this.#requests.delete(id);
    return Promise.resolve(value);
  }

  getAllKeys(): Promise<string[]> {
    return Promise.resolve([...this.#requests.keys()]);
  }
}

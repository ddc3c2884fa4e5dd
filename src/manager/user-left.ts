import type { Grant } from "../core/grant.ts";
import type { Clock } from "../core/ports.ts";

type Listener = (sub: string) => unknown;

/** A storage that hangs must not hold a sign-out up. Milliseconds. */
const PATIENCE_MS = 2_000;

/** Those that delete what they stored of a user who signs out or is forgotten: the grant, and the app's listeners. */
export class UserLeft {
  readonly #config: { readonly grant: Grant; readonly clock: Clock };
  readonly #listeners = new Set<Listener>();

  constructor(config: { readonly grant: Grant; readonly clock: Clock }) {
    this.#config = config;
  }

  /** Returns its undo. */
  listen(listener: Listener): () => void {
    // One function may listen twice.
    const own: Listener = (sub) => listener(sub);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  /** Resolves when all of them are done, or the patience ends. Never rejects. */
  async tell(sub: string): Promise<void> {
    const { grant, clock } = this.#config;
    const tell = [(left: string) => grant.userLeft?.(left), ...this.#listeners];
    const told = Promise.allSettled(tell.map(async (listener) => listener(sub)));
    await Promise.race([told, clock.sleep(PATIENCE_MS)]);
  }
}

import type { ApiPause, ApiPauses } from "../../core/api-pauses.ts";

const PREFIX = "latchkey/refused/";

/**
 * Stores pauses in `localStorage`, so that all tabs and later page loads observe them. A pause begins after an API has refused
 * a token (401) and a newer token did not help. During the pause, no tab requests another newer token for that API.
 */
export class LocalStoragePauses implements ApiPauses {
  /** The pauses that could not be stored in `localStorage`, by the API's origin. */
  readonly #unsaved = new Map<string, ApiPause>();

  get(origin: string): ApiPause | undefined {
    return this.#unsaved.get(origin) ?? read(origin);
  }

  set(origin: string, pause: ApiPause | undefined): void {
    this.#unsaved.delete(origin);
    try {
      if (pause) localStorage.setItem(PREFIX + origin, JSON.stringify(pause));
      else localStorage.removeItem(PREFIX + origin);
    } catch {
      // `localStorage` is blocked or full, so the pause applies to this page only.
      if (pause) this.#unsaved.set(origin, pause);
    }
  }
}

function read(origin: string): ApiPause | undefined {
  try {
    const { count, until } = JSON.parse(localStorage.getItem(PREFIX + origin) ?? "{}") as ApiPause;
    return Number.isFinite(count) && Number.isFinite(until) ? { count, until } : undefined;
  } catch {
    return undefined;
  }
}

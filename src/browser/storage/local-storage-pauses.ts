import type { ApiPause, ApiPauses } from "../../core/api-pauses.ts";

const PREFIX = "latchkey/refused/";

/**
 * Stores the pauses of APIs in `localStorage`, where all tabs and later page loads can read them. During a pause, Latchkey does
 * not repeat a request after a 401 response of the API.
 */
export class LocalStoragePauses implements ApiPauses {
  /** The pauses that could not be stored in `localStorage`. The key of the map is the origin of the API. */
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

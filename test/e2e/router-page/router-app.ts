import type { Auth } from "../../../src/index.ts";

/** A single-page app with one router, at the paths `start`, `callback` and `orders` under `/<name>/`. */
export interface RouterApp {
  /** The body of `onReturn` in `demo/guides/frameworks.md`. */
  onReturn(path: string): unknown;
  /** Goes to a path as a click on a link does: the router's history gets one more entry. */
  push(path: string): unknown;
  render(auth: Auth, place: Element): void;
}

export const PATHS = ["start", "callback", "orders"] as const;

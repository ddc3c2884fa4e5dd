import type { AuthState } from "../../src/index.ts";

const KEY = "demo/set-out";

type Means = "keyboard" | "pointer";

let setOut = takeStored();
// In a new page a browser shows the focus ring for a script's focus() call, also for users of a pointer. Hide it for them.
let isQuiet = setOut === "pointer";
addEventListener("keydown", () => {
  isQuiet = false;
});

/** Remembers, also during the round trip to the provider, that the user's click causes the next state. */
export function rememberAction({ detail }: MouseEvent): void {
  // A click by keyboard has a `detail` of 0.
  setOut = detail === 0 ? "keyboard" : "pointer";
  sessionStorage.setItem(KEY, setOut);
}

/** Forgets the action, because it failed and the user is still on this page. */
export function forgetAction(): void {
  setOut = undefined;
  sessionStorage.removeItem(KEY);
}

/** Runs `change`, which shows the part of `status`. If the focused element disappears, the part's heading gets the focus. */
export function keepFocus(status: AuthState["status"], change: () => void): void {
  const cached = document.activeElement;
  change();
  if (status === "loading") return;
  const isLost = cached !== null && !cached.checkVisibility();
  if (!isLost && setOut === undefined) return;
  setOut = undefined;
  const heading = document.querySelector<HTMLElement>(`[data-for="${status}"]:not([hidden]) h1`);
  heading?.toggleAttribute("data-quiet", isQuiet);
  heading?.focus();
}

function takeStored(): Means | undefined {
  const stored = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  const [navigation] = performance.getEntriesByType("navigation");
  // After a reload the stored action belongs to a login that never left the page.
  const isReload =
    navigation instanceof PerformanceNavigationTiming && navigation.type === "reload";
  return !isReload && (stored === "keyboard" || stored === "pointer") ? stored : undefined;
}

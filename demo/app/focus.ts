import type { AuthState } from "../../src/index.ts";

const KEY = "demo/set-out";

type Means = "keyboard" | "pointer";

let setOut = takeStored();
// A browser draws the ring around what a script focuses in a new page, whatever the person used in the one before.
let isQuiet = setOut === "pointer";
addEventListener("keydown", () => {
  isQuiet = false;
});

/** Remembers, over the trip to the provider too, that the person asked for what is shown next. */
export function rememberAction({ detail }: MouseEvent): void {
  // A click without a pointer counts no clicks.
  setOut = detail === 0 ? "keyboard" : "pointer";
  sessionStorage.setItem(KEY, setOut);
}

/** The person is still here, or back on this very page. */
export function forgetAction(): void {
  setOut = undefined;
  sessionStorage.removeItem(KEY);
}

/** Runs `change`, which shows the part of `status`. Focus that would be lost by it goes to that part's heading. */
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
  // A trip that never left the page must not be taken for one that came back.
  const isReload =
    navigation instanceof PerformanceNavigationTiming && navigation.type === "reload";
  return !isReload && (stored === "keyboard" || stored === "pointer") ? stored : undefined;
}

import type { AuthState } from "../../src/index.ts";
import { problemOf } from "./problem.ts";

const KEY = "demo/activity";
const KEPT = 40;

const BY = { "this-tab": "by this tab", "other-tab": "by another tab", stored: "earlier" } as const;

/** What happened between two states, in a person's words. */
export function describe(
  before: AuthState,
  now: AuthState,
  isCallback: boolean,
): string | undefined {
  if (now.status === "loading") return undefined;
  if (now.status === "authenticating") {
    if (before.status === "authenticating") return undefined;
    return isCallback ? "back from the sign-in page" : "going to the sign-in page";
  }
  if (now.status === "expired") {
    // It had ended before the attempt that just failed.
    if (before.status === "authenticating") return undefined;
    return "session ended; a new sign-in is needed";
  }
  if (now.status === "anonymous") {
    if (now.error) return problemOf(now.error).line.replace(/^failed/, "sign-in failed");
    return before.status === "authenticated" ? "signed out" : undefined;
  }

  const who = now.user.name ?? now.user.sub;
  if (before.status !== "authenticated" || before.user.sub !== now.user.sub) {
    return now.token.origin === "stored"
      ? `signed in as ${who} from before, without any page`
      : `signed in as ${who} ${BY[now.token.origin]}`;
  }
  if (before.token.expiresAt !== now.token.expiresAt)
    return `token refreshed ${BY[now.token.origin]}`;
  if (before.freshness !== now.freshness && now.freshness === "stale") {
    return "token ran out and could not be renewed yet; still signed in";
  }
  return undefined;
}

/** The list on the page, newest first; it survives the trip to the login page. */
export class Activity {
  readonly #list: HTMLElement;
  #lines: string[];

  constructor(list: HTMLElement) {
    this.#list = list;
    this.#lines = (sessionStorage.getItem(KEY) ?? "").split("\n").filter((line) => line !== "");
    this.#list.replaceChildren(...this.#lines.map(item));
  }

  add(text: string): void {
    const line = `${new Date().toLocaleTimeString("en-GB")} · ${text}`;
    this.#lines = [line, ...this.#lines].slice(0, KEPT);
    sessionStorage.setItem(KEY, this.#lines.join("\n"));
    this.#list.prepend(item(line));
    while (this.#list.childElementCount > KEPT) this.#list.lastElementChild?.remove();
  }
}

function item(line: string): HTMLLIElement {
  const [time = "", ...rest] = line.split(" · ");
  const stamp = document.createElement("time");
  stamp.textContent = time;
  const element = document.createElement("li");
  element.append(stamp, ` · ${rest.join(" · ")}`);
  return element;
}

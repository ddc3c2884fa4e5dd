import type { AuthState } from "../../src/index.ts";
import { problemOf } from "./problem.ts";
import type { Way } from "./sign-in.ts";
import { isNews } from "./who.ts";

const KEY = "demo/activity";
const KEPT = 40;

interface Circumstances {
  readonly way: Way;
  /** The page is at the redirect URI. */
  readonly isBack: boolean;
  /** The tab that brought it about, if it is known to be one. */
  readonly by: string | undefined;
}

/** What happened between two states, in a person's words. */
export function describe(
  before: AuthState,
  now: AuthState,
  { way, isBack, by }: Circumstances,
): string | undefined {
  if (now.status === "loading") return undefined;
  if (now.status === "authenticating") {
    if (before.status === "authenticating") return undefined;
    if (way === "window") return "opened the sign-in window";
    if (way === "picker") return "asked who it is";
    return isBack ? "back from the sign-in page" : "going to the sign-in page";
  }
  if (now.status === "expired") {
    // It had ended before the attempt that just failed.
    if (before.status === "authenticating") return undefined;
    return "session ended; a new sign-in is needed";
  }
  if (now.status === "anonymous") {
    if (now.error) return problemOf(now.error, way).line.replace(/^failed/, "sign-in failed");
    return isNews(before, now) ? `signed out in ${by}` : undefined;
  }

  const who = now.user.name ?? now.user.sub;
  if (before.status === "authenticated" && before.user.sub !== now.user.sub && by === undefined)
    return `this tab is for ${who} now`;
  if (before.status !== "authenticated" || before.user.sub !== now.user.sub) {
    return by === undefined
      ? `signed in as ${who} from before, without any page`
      : `signed in as ${who} in ${by}`;
  }
  if (isNews(before, now)) return `token renewed by ${by ?? "a tab before"}`;
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
    const line = `${new Date().toLocaleTimeString("en-GB")} ${text}`;
    this.#lines = [line, ...this.#lines].slice(0, KEPT);
    this.#keep();
    this.#list.prepend(item(line));
    while (this.#list.childElementCount > KEPT) this.#list.lastElementChild?.remove();
  }

  /** Says the newest line better, when it ends with `vague`. */
  amend(vague: string, exact: string): void {
    const [newest = "", ...others] = this.#lines;
    if (!newest.endsWith(vague)) return;
    const line = newest.slice(0, -vague.length) + exact;
    this.#lines = [line, ...others];
    this.#keep();
    this.newest?.replaceChildren(...partsOf(line));
  }

  get newest(): Element | null {
    return this.#list.firstElementChild;
  }

  #keep(): void {
    sessionStorage.setItem(KEY, this.#lines.join("\n"));
  }
}

function item(line: string): HTMLLIElement {
  const element = document.createElement("li");
  element.append(...partsOf(line));
  return element;
}

const LINE = /^(\S+) (.*?)((?:this|another) tab|Tab \w\d)?$/;

function partsOf(line: string): HTMLElement[] {
  const [, time = "", what = "", tab = ""] = LINE.exec(line) ?? [];
  const stamp = document.createElement("time");
  stamp.textContent = time;
  const text = document.createElement("span");
  const name = document.createElement("b");
  name.textContent = tab;
  text.append(what, name);
  return [stamp, text];
}

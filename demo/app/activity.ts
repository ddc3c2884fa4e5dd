import type { AuthState } from "../../src/index.ts";
import { problemOf } from "./problem.ts";
import type { Way } from "./sign-in.ts";
import { isNews } from "./who.ts";

const KEY = "demo/activity";
const KEPT = 40;

interface Circumstances {
  readonly way: Way;
  /** Whether the page is at the redirect URI. */
  readonly isBack: boolean;
  /** Who caused the change, if it is known: a tab, or the worker. */
  readonly by: string | undefined;
}

/** Describes the change between two states for the user. */
export function describe(
  before: AuthState,
  now: AuthState,
  { way, isBack, by }: Circumstances,
): string | undefined {
  if (now.status === "loading" || now.status === "unavailable") return undefined;
  if (now.status === "authenticating") {
    if (before.status === "authenticating") return undefined;
    if (way === "window") return "opened the sign-in window";
    if (way === "picker") return "asked to choose an account";
    return isBack ? "back from the sign-in page" : "going to the sign-in page";
  }
  if (now.status === "expired") {
    // The session had ended before this login, which failed.
    if (before.status === "authenticating") return undefined;
    return "session ended; a new sign-in is needed";
  }
  if (now.status === "anonymous") {
    if (now.error) return problemOf(now.error, way).line.replace(/^failed/, "sign-in failed");
    return isNews(before, now) ? `signed out in ${by}` : undefined;
  }

  const user = now.user.name ?? now.user.sub;
  if (before.status === "authenticated" && before.user.sub !== now.user.sub && by === undefined)
    return `this tab switched to ${user}`;
  if (before.status !== "authenticated" || before.user.sub !== now.user.sub) {
    return by === undefined
      ? `signed in as ${user} from storage, without a login page`
      : `signed in as ${user} in ${by}`;
  }
  if (isNews(before, now)) return `token renewed by ${by ?? "an earlier tab"}`;
  if (before.freshness !== now.freshness && now.freshness === "stale") {
    return "token expired, and is being renewed; still signed in";
  }
  return undefined;
}

/** The list on the page, newest line first. Stored, so that it survives the round trip to the login page. */
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
    this.#store();
    this.#list.prepend(item(line));
    while (this.#list.childElementCount > KEPT) this.#list.lastElementChild?.remove();
  }

  /** Replaces `vague` by `exact` at the end of the newest line. */
  amend(vague: string, exact: string): void {
    const [newest = "", ...others] = this.#lines;
    if (!newest.endsWith(vague)) return;
    const line = newest.slice(0, -vague.length) + exact;
    this.#lines = [line, ...others];
    this.#store();
    this.newest?.replaceChildren(...partsOf(line));
  }

  get newest(): Element | null {
    return this.#list.firstElementChild;
  }

  #store(): void {
    sessionStorage.setItem(KEY, this.#lines.join("\n"));
  }
}

function item(line: string): HTMLLIElement {
  const element = document.createElement("li");
  element.append(...partsOf(line));
  return element;
}

const LINE = /^(\S+) (.*?)((?:this|another) tab|(?:the shared worker(?: for )?)?(?:Tab \w\d)?)$/;

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

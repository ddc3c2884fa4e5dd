import { stored } from "./stored.ts";

const KEY = "demo/word";

/** The action of a tab: it obtained the token that expires at this time (milliseconds since the epoch), or logged out. */
type Deed = number | "sign-out";

interface Word {
  /** The name of the tab. After a refresh in the worker, this text also names the worker. */
  readonly tab: string;
  readonly did: Deed;
}

/** Publishes the name of the tab that acted. Latchkey's state says only that another tab acted, not which one. */
export function leaveWord(word: Word): void {
  localStorage.setItem(KEY, JSON.stringify(word));
}

/** The name of the tab that did this. Undefined until that tab's name arrives; `onWord()` reports the arrival. */
export function whoDid(deed: Deed): string | undefined {
  const word = stored(KEY) as Word | null | undefined;
  return word?.did === deed ? word.tab : undefined;
}

export function onWord(listener: () => void): void {
  addEventListener("storage", ({ key }) => {
    if (key === KEY) listener();
  });
}

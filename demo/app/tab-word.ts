const KEY = "demo/word";

/** What a tab did: it got the token that ends at this time, or signed out. */
type Deed = number | "sign-out";

interface Word {
  readonly tab: string;
  readonly did: Deed;
}

/** Latchkey says that another tab did it; which one is for this demo's tabs to tell each other. */
export function leaveWord(word: Word): void {
  localStorage.setItem(KEY, JSON.stringify(word));
}

/** The name of the tab. Undefined while its word is still on the way: `onWord` tells when it is here. */
export function whoDid(deed: Deed): string | undefined {
  const stored = localStorage.getItem(KEY);
  const word = stored === null ? undefined : (JSON.parse(stored) as Word);
  return word?.did === deed ? word.tab : undefined;
}

export function onWord(listener: () => void): void {
  addEventListener("storage", ({ key }) => {
    if (key === KEY) listener();
  });
}

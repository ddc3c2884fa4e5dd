const KEY = "demo/tab-name";
const COUNT = "demo/tabs";
const LETTERS = "KMPRSTVWXZABCDEFGHJL";

/** A short name that a tab keeps across reloads and logins. Each new tab takes the next letter, so that names differ. */
export function tabName(): string {
  const known = sessionStorage.getItem(KEY);
  if (known !== null) return known;
  const count = Number(localStorage.getItem(COUNT) ?? 0);
  localStorage.setItem(COUNT, String(count + 1));
  const [random = 0] = crypto.getRandomValues(new Uint8Array(1));
  const name = `Tab ${LETTERS.charAt(count % LETTERS.length)}${2 + (random % 8)}`;
  sessionStorage.setItem(KEY, name);
  return name;
}

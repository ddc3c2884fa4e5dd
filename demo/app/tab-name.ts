const KEY = "demo/tab-name";
const COUNT = "demo/tabs";
const LETTERS = "KMPRSTVWXZABCDEFGHJL";

/** A short name that a tab keeps over reloads and logins. The letters go round, so that tabs opened together differ. */
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

/** Finds an element of the page by its id. */
export function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

/** Finds the page's element with a tag name, such as `latchkey-users`. */
export function elementOf<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
): HTMLElementTagNameMap[Name] {
  const found = document.querySelector(name);
  if (found === null) throw new Error(`the page has no <${name}>`);
  return found;
}

/** Writes only a changed text, so that a screen reader does not announce the same text every second. */
export function setText(id: string, text: string): void {
  const target = element(id);
  if (target.textContent !== text) target.textContent = text;
}

import { afterEach, beforeAll } from "vitest";
import type { RememberedUser } from "../../src/core/login-prompt.ts";
import type { User } from "../../src/core/user.ts";
import { defineLatchkeyElements } from "../../src/ui.ts";

export const ADA: User = {
  sub: "ada",
  name: "Ada Lovelace",
  email: "ada@example.com",
  claims: { sub: "ada" },
};

export function remembered(sub: string, more: Partial<RememberedUser> = {}): RememberedUser {
  return { sub, name: `Name ${sub}`, lastUsedAt: 0, needsLogin: false, ...more };
}

export const many = (count: number): RememberedUser[] =>
  Array.from({ length: count }, (_, i) => remembered(`s${i}`, { lastUsedAt: -i }));

/** Defines the elements, and empties the page after each test. */
export function usePage(): void {
  beforeAll(defineLatchkeyElements);
  afterEach(() => {
    document.body.replaceChildren();
    document.documentElement.removeAttribute("lang");
  });
}

export function add<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  document.body.append(element);
  return element;
}

/** Elements of the host's shadow tree. */
export const all = (host: Element, selector: string): HTMLElement[] => [
  ...host.shadowRoot!.querySelectorAll<HTMLElement>(selector),
];

export function one(host: Element, selector: string): HTMLElement {
  const found = all(host, selector);
  if (found.length !== 1) throw new Error(`${found.length} of ${selector}`);
  return found[0]!;
}

export const texts = (host: Element, selector: string): string[] =>
  all(host, selector).map(({ textContent }) => textContent.trim());

/** The value of a promise that has settled by now, or "pending". */
export async function now(promise: Promise<unknown>): Promise<unknown> {
  await new Promise((resolve) => setTimeout(resolve));
  return Promise.race([promise, Promise.resolve("pending")]);
}

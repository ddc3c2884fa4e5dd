import { ConfigurationError } from "../core/errors.ts";

/**
 * Throws if the element is not in the page, because then the user would not see it.
 * @throws ConfigurationError the element is not in the page
 */
export function assertInPage(element: HTMLElement): void {
  if (element.isConnected) return;
  throw new ConfigurationError(
    element.localName,
    "the element is not in the page",
    "Append the element to the document before a login uses it, and do not remove it.",
  );
}

import { ConfigurationError } from "../core/errors.ts";

/**
 * Throws if the element is not in the page. The user would not see such an element.
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

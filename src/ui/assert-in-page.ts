import { ConfigurationError } from "../core/errors.ts";

/** @throws ConfigurationError the element is not in the page, so the user could not see it */
export function assertInPage(element: HTMLElement): void {
  if (element.isConnected) return;
  throw new ConfigurationError(
    element.localName,
    "the element is not in the page",
    "Append the element to the document before its first use, and leave it there.",
  );
}

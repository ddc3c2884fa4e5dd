import { ConfigurationError } from "../core/errors.ts";

/** @throws ConfigurationError nobody could see it */
export function assertInPage(element: HTMLElement): void {
  if (element.isConnected) return;
  throw new ConfigurationError(
    element.localName,
    "the element is not in the page",
    "Append it to the document before it is asked, and leave it there.",
  );
}

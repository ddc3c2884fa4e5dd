import { NoTokenError } from "../../core/errors.ts";

/** What is there, or came, is not of the person who was asked for. */
export function otherPerson(): NoTokenError {
  return new NoTokenError("these tokens are another person's");
}

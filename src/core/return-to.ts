import { ConfigurationError } from "./errors.ts";
import { isSameOrigin } from "./same-origin.ts";

/**
 * Checks the option `returnTo` of a login. `page`: the URL whose origin `returnTo` must have. `name`: how the message names that
 * URL, such as `this page`.
 * @throws ConfigurationError `returnTo` is a URL of another origin
 */
export function assertReturnTo(returnTo: string | undefined, page: string, name: string): void {
  if (returnTo === undefined || returnTo === page || isSameOrigin(returnTo, page)) return;
  throw new ConfigurationError(
    "returnTo",
    `it is not a URL of the origin of ${name}`,
    "Set it to a path of this app, such as /orders.",
  );
}

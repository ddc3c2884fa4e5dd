import type { LoginOptions } from "../core/auth-options.ts";
import { assertPrompt } from "../core/authorization-parameters.ts";
import { checkLoginParameters } from "../core/own-parameters.ts";
import { assertReturnTo } from "../core/return-to.ts";

/**
 * Checks the options of a login, as `login()` of `createAuth()` does. Without a page, as in Node, `returnTo` is not checked.
 * @throws ConfigurationError `prompt` is unknown, Latchkey sets one of `parameters`, or `returnTo` is a URL of another origin
 */
export function checkLogin({ prompt, parameters, returnTo }: LoginOptions): void {
  assertPrompt("prompt", prompt);
  checkLoginParameters(undefined, parameters);
  const hasPage = typeof location === "object" && location.host !== "";
  if (hasPage) assertReturnTo(returnTo, location.href, "this page");
}

import { ConfigurationError } from "../../core/errors.ts";
import { isTexts } from "../../core/shape.ts";
import { refuseUnknown } from "../refuse-unknown.ts";

/** The login for which `issueTokens()` issues tokens. */
export interface FakeLoginOptions {
  /** The `sub` of the user. Default: the user who logs in next. */
  readonly user?: string;
  /** Default: the first client. */
  readonly clientId?: string;
  /** Default: openid, profile, email and offline_access. */
  readonly scope?: readonly string[];
  /** The APIs, as absolute URIs. Default: none. */
  readonly resources?: readonly string[];
}

/** The names of the members of `FakeLoginOptions`. */
export const LOGIN_OPTIONS: readonly string[] = ["user", "clientId", "scope", "resources"];

/** @throws ConfigurationError an option is unknown, or `scope` or `resources` is no list of texts */
export function checkLoginOptions(options: FakeLoginOptions): void {
  refuseUnknown("the login", options, LOGIN_OPTIONS);
  for (const name of ["scope", "resources"] as const) {
    if (options[name] === undefined || isTexts(options[name])) continue;
    throw new ConfigurationError(
      name,
      "it is not a list of texts",
      'Give a list such as ["openid", "profile"].',
    );
  }
}

import { ConfigurationError } from "./errors.ts";
import type { TokenTarget } from "./token-target.ts";

type Page = "login" | "select_account" | "consent" | "create";

/**
 * The parameter `prompt` of an authorization request: the pages that the server must show the user, such as `login` or
 * `login consent`. With `create`, the user creates an account. With `none`, the server shows no page. If a login is impossible
 * without the user, the server returns an error.
 * @see https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
 * @see https://openid.net/specs/openid-connect-prompt-create-1_0.html
 */
export type Prompt = "none" | Page | `${Page} ${Page}` | `${Page} ${Page} ${Page}`;

/**
 * Checks the option `prompt`. `input` is the name of the option.
 * @throws ConfigurationError `prompt` is neither undefined nor a value that Latchkey sends
 */
export function assertPrompt(input: string, prompt: unknown): void {
  if (prompt === undefined) return;
  const pages = ["login", "select_account", "consent", "create"];
  if (prompt === "none") return;
  if (typeof prompt === "string" && prompt.split(" ").every((page) => pages.includes(page))) return;
  throw new ConfigurationError(
    input,
    "it is not a known value",
    'Give "login", "select_account", "consent", "create", a list such as "login consent", or "none".',
  );
}

/**
 * Additional parameters of a request, for which Latchkey has no option. The keys are the names in the request. The value
 * `undefined` removes a default.
 * @example
 * const parameters: OwnParameters = { ui_locales: "de", kc_idp_hint: "github" };
 */
export type OwnParameters = Readonly<Record<string, string | undefined>>;

/**
 * The parameters of an authorization request that an app can set.
 * @see https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
 */
export interface AuthorizationParameters extends TokenTarget {
  readonly prompt?: Prompt;
  /** An email address or login name that the server can fill in on its login page. */
  readonly loginHint?: string;
  /**
   * The longest allowed time since the user's last authentication at the server. Seconds. After a longer time, the server asks
   * the user to authenticate again.
   */
  readonly maxAge?: number;
  /**
   * The authentication context classes (`acr`) that the app prefers, in order of preference. The server may choose another
   * class, so read `user.claims.acr`.
   */
  readonly acrValues?: readonly string[];
  /**
   * The URL at which the app continues after the login: an absolute or relative URL of this origin. The result of the login
   * contains this URL.
   */
  readonly returnTo?: string;
  /**
   * Additional parameters, for which Latchkey has no option, such as `ui_locales`, `organization` or `claims`. Latchkey refuses
   * parameters that Latchkey sets, such as `scope`. The error names the option to use, or says that there is none.
   */
  readonly parameters?: OwnParameters;
}

/** Parameters of every login that an app can set once. If a login sets a parameter, the value of the login is used. */
export type LoginDefaults = Pick<
  AuthorizationParameters,
  "prompt" | "loginHint" | "maxAge" | "acrValues" | "parameters"
>;

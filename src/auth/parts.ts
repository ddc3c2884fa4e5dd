import type { Auth, GetTokenOptions } from "../core/auth.ts";
import type { UserAgent } from "../core/user-agent.ts";
import type { ActiveSession, ActiveSessionConfig } from "./session/active-session.ts";
import type { LazyLogins } from "./login/lazy-logins.ts";
import type { LoginsConfig } from "./login/logins.ts";
import type { ServerLogoutConfig } from "./logout/server-logout.ts";
import type { UserRemoval } from "./users/user-removal.ts";

/** The objects that the code for logins, logouts and several users needs. Most of this code is loaded on demand. */
export interface UsersParts {
  readonly config: ActiveSessionConfig &
    LoginsConfig &
    ServerLogoutConfig & { readonly userAgent: UserAgent };
  readonly session: ActiveSession;
  readonly logins: LazyLogins;
  readonly userRemoval: UserRemoval;
}

/** The objects that `getToken()` uses to start a login or to wait for a login. */
export interface TokenAfterLoginParts
  extends UsersParts, Pick<Auth, "getToken" | "handleCallback"> {}

/** The last arguments of `tokenAfterLogin()`: the options of a `getToken()` call, and the reason why the call needs a login. */
export type LoginRequest = [
  options: GetTokenOptions,
  why: {
    /** A login that was already in progress. The call waits for this login. */
    readonly waitFor: Promise<unknown> | undefined;
    /** The error that shows that a login is needed. Undefined if the caller requested a login with `prompt`. */
    readonly reason: unknown;
  },
];

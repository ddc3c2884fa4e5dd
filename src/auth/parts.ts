import type { Auth, GetTokenOptions } from "../core/auth.ts";
import type { UserAgent } from "../core/user-agent.ts";
import type { ActiveSession, ActiveSessionConfig } from "./session/active-session.ts";
import type { LazyLogins } from "./login/lazy-logins.ts";
import type { LoginsConfig } from "./login/logins.ts";
import type { ServerLogoutConfig } from "./logout/server-logout.ts";
import type { UserRemoval } from "./users/user-removal.ts";

/** The parts of an `AuthManager` that the lazily loaded code for logins, logouts and several users needs. */
export interface UsersParts {
  readonly config: ActiveSessionConfig &
    LoginsConfig &
    ServerLogoutConfig & { readonly userAgent: UserAgent };
  readonly session: ActiveSession;
  readonly logins: LazyLogins;
  readonly userRemoval: UserRemoval;
}

/** The parts that `getToken()` needs to start a login or to wait for a login. */
export interface TokenAfterLoginParts
  extends UsersParts, Pick<Auth, "getToken" | "handleCallback"> {}

/** The arguments of `tokenAfterLogin()`: the options of a `getToken()` call that needs a login, and why. */
export type LoginRequest = [
  options: GetTokenOptions,
  why: {
    /** A login that was already in progress, for the call to wait for. */
    readonly waitFor: Promise<unknown> | undefined;
    /** The error after which only a login helps. Undefined when the caller requested a login with `prompt`. */
    readonly reason: unknown;
  },
];

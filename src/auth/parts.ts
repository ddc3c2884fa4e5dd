import type { Auth, GetTokenOptions } from "../core/auth.ts";
import type { UserAgent } from "../core/user-agent.ts";
import type { ActiveSession, ActiveSessionConfig } from "./session/active-session.ts";
import type { LazyLogins } from "./login/lazy-logins.ts";
import type { LoginsConfig } from "./login/logins.ts";
import type { ServerLogoutConfig } from "./logout/server-logout.ts";
import type { UserRemoval } from "./users/user-removal.ts";

/** The parts of an `AuthManager` that its lazy code for logins, logouts and several users needs. */
export interface UsersParts {
  readonly config: ActiveSessionConfig &
    LoginsConfig &
    ServerLogoutConfig & { readonly userAgent: UserAgent };
  readonly session: ActiveSession;
  readonly logins: LazyLogins;
  readonly userRemoval: UserRemoval;
}

/** The parts that a login for `getToken()` needs. */
export interface TokenAfterLoginParts
  extends UsersParts, Pick<Auth, "getToken" | "handleCallback"> {}

/** A call of `getToken()` that needs a login. */
export type LoginRequest = [
  options: GetTokenOptions,
  why: {
    /** The login that is in progress. */
    readonly waitFor: Promise<unknown> | undefined;
    /** The error that says why only a login helps. Undefined when the caller requests a login. */
    readonly reason: unknown;
  },
];

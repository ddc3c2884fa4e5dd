import type { Auth, GetTokenOptions } from "../core/auth.ts";
import type { UserAgent } from "../core/user-agent.ts";
import type { ActiveSession, ActiveSessionConfig } from "./session/active-session.ts";
import type { LazyLogins } from "./login/lazy-logins.ts";
import type { LoginsConfig } from "./login/logins.ts";
import type { ServerLogoutConfig } from "./logout/server-logout.ts";
import type { UserRemoval } from "./users/user-removal.ts";

/** What the manager hands to what it loads when people are chosen, asked or signed out. */
export interface UsersParts {
  readonly config: ActiveSessionConfig &
    LoginsConfig &
    ServerLogoutConfig & { readonly userAgent: UserAgent };
  readonly session: ActiveSession;
  readonly logins: LazyLogins;
  readonly userRemoval: UserRemoval;
}

/** What a login for `getToken()` needs beside them. */
export interface TokenAfterLoginParts
  extends UsersParts, Pick<Auth, "getToken" | "handleCallback"> {}

export type LoginRequest = [
  options: GetTokenOptions,
  why: {
    /** A login that is under way. */
    readonly waitFor: Promise<unknown> | undefined;
    /** Why nothing else helps. Undefined when the caller asks for a login. */
    readonly reason: unknown;
  },
];

import type { Auth } from "../core/auth.ts";
import type { GetTokenOptions } from "../core/auth-options.ts";
import type { Refresher } from "../core/refresher.ts";
import type { RefusedTokens } from "../fetch/refused-tokens.ts";
import type { UserAgent } from "../core/user-agent.ts";
import type { ActiveSession } from "./session/active-session.ts";
import type { SessionReaderConfig } from "./session/session-reader.ts";
import type { LazyLogins } from "./login/lazy-logins.ts";
import type { LoginsConfig } from "./login/logins.ts";
import type { ServerLogoutConfig } from "./logout/server-logout.ts";
import type { UserCheck } from "./users/user-check.ts";
import type { UserRemoval } from "./users/user-removal.ts";

/** The configuration of an `AuthManager`. The source of `createAuth()` shows how to create the members. */
export interface AuthManagerConfig extends SessionReaderConfig, LoginsConfig, ServerLogoutConfig {
  /** The default user agent of `login()`. A user agent visits the authorization endpoint, for example in a popup. */
  readonly userAgent: UserAgent;
  /** Visits the authorization endpoint with this page, for `silentSignOn: "page"`. Default: `userAgent`. */
  readonly pageUserAgent?: UserAgent;
  /** Loads the code for token refreshes in advance, and validates stored ID tokens. */
  readonly refresher: Pick<Refresher, "prepare" | "validate" | "close">;
  /** Loads the object that decides whether `fetch()` retries after a 401. Absent: no retry. */
  readonly loadRefusedTokens?: () => Promise<RefusedTokens>;
  /** Loads the object that asks the server for the claims of the user. Absent: the server is not asked. */
  readonly loadUserCheck?: () => Promise<UserCheck>;
  /** The database of this page. `start()` calls `open()`, and `dispose()` calls `close()`. Absent: there is no database. */
  readonly database?: { open?(): void; close?(): void };
}

/** The objects that the code for logins, logouts and user switches needs. */
export interface UsersParts {
  readonly config: Omit<AuthManagerConfig, "loadRefusedTokens" | "loadUserCheck">;
  readonly session: ActiveSession;
  readonly logins: LazyLogins;
  readonly userRemoval: UserRemoval;
}

/** The objects that `tokenAfterLogin()` uses. */
export interface TokenAfterLoginParts extends UsersParts, Pick<Auth, "getToken"> {}

/** The second and third argument of `tokenAfterLogin()`: the options of a `getToken()` call, and the reason for the login. */
export type LoginRequest = [
  options: GetTokenOptions,
  why: {
    /** The login that is already in progress, or undefined. `tokenAfterLogin()` waits for this login. */
    readonly waitFor: Promise<unknown> | undefined;
    /** The error that only a login can resolve. Undefined if the caller of `getToken()` requested a login with `prompt`. */
    readonly reason: unknown;
  },
];

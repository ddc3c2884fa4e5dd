import type { LogoutResult, LogoutOptions } from "../../core/auth-options.ts";
import type { LogoutEndpoint, AuthorizationServer } from "../../core/authorization-server.ts";
import type { CallbackLedger } from "../../core/callback-ledger.ts";
import { isAuthError, NetworkError } from "../../core/errors.ts";
import { sessionKey } from "../../core/keys.ts";
import type { Page, Random } from "../../core/ports.ts";
import { isSameOrigin } from "../../core/same-origin.ts";
import { text } from "../../core/shape.ts";
import type { UserAgent } from "../../core/user-agent.ts";
import type { User } from "../../core/user.ts";
import { withoutResponse } from "../login/clean-url.ts";
import type { DeletedSession } from "./untold-logouts.ts";
import {
  signedInAgain,
  offline,
  revoke as revokeToken,
  type RevocationQueueParts,
} from "./revocation.ts";

/** The configuration of the code that tells the server of a logout. */
export interface ServerLogoutConfig extends RevocationQueueParts {
  readonly server: Pick<AuthorizationServer, "revoke" | "endSession" | "missingEndpoints">;
  readonly page: Page;
  readonly ledger: CallbackLedger;
  readonly random: Random;
  /** Returns the URL to which the server redirects after the logout. If there is no such URL, the server shows its own page. */
  readonly postLogoutRedirectUri: () => string | undefined;
  /** The user agent of every login. The method `endSession()` visits the end-session endpoint in place of this page. */
  readonly userAgent?: UserAgent;
  /** The user agent that navigates this page. If this user agent differs from `userAgent`, logins do not navigate this page. */
  readonly pageUserAgent?: UserAgent;
  /** Returns the absolute URL at which authorization responses arrive. */
  readonly redirectUri: () => string;
}

/** The objects that `leaveServer()` uses. */
interface NavigateParts {
  readonly config: ServerLogoutConfig;
  readonly session: { readonly sub: string | undefined };
  readonly logins: { readonly isAskedFor: boolean };
}

interface TellOptions extends Omit<LogoutOptions, "user"> {
  /** Called just before the end-session endpoint is visited. Returns false if the endpoint must not be visited. */
  readonly mayNavigate: () => boolean | Promise<boolean>;
}

/** A logout request to the end-session endpoint. The server's response repeats the `state`. */
interface EndSession {
  readonly url: string;
  readonly state: string;
}

/** The longest time that a logout waits for the server. Milliseconds. */
const PATIENCE_MS = 5_000;

/**
 * Tells the server that the user `sub` has logged out. The session is already deleted on this device. Never rejects.
 * - If a call for the same user is in progress, the new call returns the result of that call.
 * - If a call returned `not_told`, the next call tells the server again. No refresh token is revoked twice.
 * @see https://www.rfc-editor.org/rfc/rfc7009
 * @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout
 */
export async function tellServer(
  config: ServerLogoutConfig,
  sub: string,
  options: TellOptions,
): Promise<LogoutResult> {
  const { sessions } = config.untold;
  const deleted = sessions.get(sub);
  if (!deleted) return { server: "told" };
  deleted.telling ??= tell(deleted, sub, config, options).finally(
    () => (deleted.telling = undefined),
  );
  const result = await deleted.telling;
  if (result.server === "told" && sessions.get(sub) === deleted) sessions.delete(sub);
  return result;
}

async function tell(
  deleted: DeletedSession,
  sub: string,
  config: ServerLogoutConfig,
  { revoke = "server", endSession = endSessionOf(config), mayNavigate, parameters }: TellOptions,
): Promise<LogoutResult> {
  // If the tokens of the session could not be read, the server cannot be told of the logout.
  if (deleted.error !== undefined) return notTold(deleted.error);
  // Both requests run at the same time, so a slow server delays the logout only once.
  const isRevoking =
    revoke === "server" && (deleted.refreshToken ?? deleted.accessTokens?.[0]) !== undefined;
  const [revoked, found, lacking] = await Promise.allSettled([
    revoke === "server" ? revokeDeleted(deleted, sub, config) : undefined,
    endSession === "page" ? findEndSession(deleted, config, parameters) : undefined,
    isRevoking || endSession === "page" ? findMissing(config) : undefined,
  ]);
  const end = found.status === "fulfilled" ? found.value : undefined;
  const [navigated] = await Promise.allSettled([end && leavePage(end, sub, config, mayNavigate)]);
  const failure = [revoked, found, navigated].find(({ status }) => status === "rejected");
  if (failure?.status === "rejected") return notTold(failure.reason);
  const all = lacking.status === "fulfilled" ? (lacking.value ?? []) : [];
  const missing = all.filter((name) =>
    name === "revocation_endpoint" ? isRevoking : endSession === "page",
  );
  return { server: "told", ...(missing.length > 0 && { missing }) };
}

function notTold(error: unknown): LogoutResult {
  // An error that Latchkey did not throw might contain secrets, so the error is replaced.
  const known = isAuthError(error)
    ? error
    : new NetworkError("the server could not be told of the logout");
  return { server: "not_told", error: known };
}

async function revokeDeleted(
  deleted: DeletedSession,
  sub: string,
  config: ServerLogoutConfig,
): Promise<void> {
  const { refreshToken, accessTokens = [] } = deleted;
  const tokens = refreshToken === undefined ? accessTokens : [refreshToken];
  const kind = refreshToken === undefined ? "access_token" : undefined;
  const revoked = Promise.all(tokens.map((token) => revokeToken(config, sub, token, kind))).then(
    () => {
      deleted.refreshToken = undefined;
      deleted.accessTokens = [];
    },
  );
  if (tokens.length > 0) await inTime("revocation endpoint", revoked, config);
}

async function findEndSession(
  { idToken, user }: DeletedSession,
  config: ServerLogoutConfig,
  parameters: LogoutOptions["parameters"],
): Promise<EndSession | undefined> {
  const { server, random } = config;
  const state = random.id();
  const postLogoutRedirectUri = config.postLogoutRedirectUri();
  const logoutHint = user && hintOf(user);
  const found = server.endSession({
    idToken,
    logoutHint,
    state,
    postLogoutRedirectUri,
    parameters,
  });
  const url = await inTime("end-session endpoint", found, config);
  return url === undefined ? undefined : { url, state };
}

/** Returns a name by which the server can identify the user. Entra gives the claim `login_hint` for this purpose. */
function hintOf({ sub, claims }: User): string {
  const names = ["login_hint", "preferred_username", "email"];
  return names.map((name) => text(claims[name])).find(Boolean) ?? sub;
}

async function findMissing(config: ServerLogoutConfig): Promise<readonly LogoutEndpoint[]> {
  const found = config.server.missingEndpoints?.() ?? Promise.resolve([]);
  return inTime("metadata", found, config);
}

async function leavePage(
  { url, state }: EndSession,
  sub: string,
  { client, sessions, page, ledger, clock, postLogoutRedirectUri, userAgent }: ServerLogoutConfig,
  mayNavigate: TellOptions["mayNavigate"],
): Promise<void> {
  const isInPage = !userAgent?.endSession;
  // Without a network, the browser would show an error page instead of this page.
  if (!page.lifecycle.online()) throw offline();
  if (isInPage && postLogoutRedirectUri())
    await ledger.put(state, { loggedOut: true }).catch(() => {});
  const next = await sessions.get(sessionKey(client, sub)).catch(() => undefined);
  // If the user has logged in again or is logging in now, the server must not log the user out.
  if (!(await mayNavigate()) || (next && !next.end)) throw signedInAgain();
  if (isInPage) return page.navigate(url);
  // The user might look at the server's page for longer than `PATIENCE_MS`.
  await Promise.race([userAgent.endSession!(url), clock.sleep(PATIENCE_MS)]);
}

/**
 * Returns the default of the option `endSession`. Returns `none` if the app's user agent has no `endSession()`, does not use
 * this page, and receives responses outside this origin. This page could then not come back to the app.
 */
function endSessionOf(config: ServerLogoutConfig): "page" | "none" {
  const { userAgent, pageUserAgent = userAgent, page } = config;
  const url = config.redirectUri();
  const isInPage =
    userAgent === pageUserAgent || (/^https?:/.test(url) && isSameOrigin(url, page.href()));
  return isInPage || userAgent?.endSession ? "page" : "none";
}

async function inTime<T>(
  name: string,
  work: Promise<T>,
  { clock }: Pick<ServerLogoutConfig, "clock">,
): Promise<T> {
  const late = clock.sleep(PATIENCE_MS).then(() => {
    throw new NetworkError(`${name}: no response within ${PATIENCE_MS} ms`);
  });
  return Promise.race([work, late]);
}

/**
 * Tells the server that the user `sub` has logged out. By default, the page navigates to the end-session endpoint if `sub` was
 * this tab's user. `before`: the `sub` of this tab's user before the logout.
 */
export function leaveServer(
  parts: NavigateParts,
  sub: string,
  before: string | undefined,
  options?: LogoutOptions,
): Promise<LogoutResult> {
  const deleted = parts.config.untold.sessions.get(sub);
  // If the app calls `forget()` twice, this tab has no user at the second call. `deleted.isOwn` then still tells whether `sub`
  // was this tab's user.
  const isOwn = sub === before || deleted?.isOwn === true;
  if (deleted) deleted.isOwn = isOwn;
  const mayNavigate = () => isStillFor(parts, isOwn ? sub : undefined);
  const defaults = isOwn ? {} : ({ endSession: "none" } as const);
  return tellServer(parts.config, sub, { ...defaults, ...options, mayNavigate });
}

/**
 * Returns true if this page is still allowed to navigate to the end-session endpoint. Returns false in two cases:
 * - A login is in progress that the app started with `login()`.
 * - This tab's user is now another user than `before`. If `before` is undefined, the user is not checked.
 */
export function isStillFor(
  { session, logins }: NavigateParts,
  before: string | undefined,
): boolean {
  return !logins.isAskedFor && (before === undefined || (session.sub ?? before) === before);
}

/**
 * Removes the logout response with this `state` from the page's URL. If this client expects no such response, does nothing,
 * because the app might use a parameter named `state`, too.
 * @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RedirectionAfterLogout
 */
export async function takeLogout(
  state: string,
  { page, ledger }: ServerLogoutConfig,
): Promise<void> {
  const url = page.href();
  const record = await ledger.get(state);
  if (record && "loggedOut" in record && page.href() === url)
    page.replaceUrl(withoutResponse(url, state));
}

export { revokeToken as revoke };

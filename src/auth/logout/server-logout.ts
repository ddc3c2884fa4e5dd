import type { LogoutResult, LogoutOptions } from "../../core/auth.ts";
import type { AuthorizationServer } from "../../core/authorization-server.ts";
import type { CallbackLedger } from "../../core/callback-ledger.ts";
import { isAuthError, NetworkError } from "../../core/errors.ts";
import { sessionKey } from "../../core/keys.ts";
import type { Page, Random } from "../../core/ports.ts";
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
  readonly server: Pick<AuthorizationServer, "revoke" | "endSession">;
  readonly page: Page;
  readonly ledger: CallbackLedger;
  readonly random: Random;
  /** Returns the URL to which the server redirects after the logout. If there is no such URL, the server shows its own page. */
  readonly postLogoutRedirectUri: () => string | undefined;
}

/**
 * The objects that `leaveServer()` uses. `session` and `logins` show whether this page is allowed to navigate to the
 * end-session endpoint.
 */
interface NavigateParts {
  readonly config: ServerLogoutConfig;
  readonly session: { readonly sub: string | undefined };
  readonly logins: { readonly isAskedFor: boolean };
}

interface TellOptions extends Omit<LogoutOptions, "user"> {
  /** Called just before the page navigates. Returns false when the page must stay. */
  readonly mayNavigate: () => boolean | Promise<boolean>;
}

/** The URL of the end-session endpoint, and the `state` that the logout response repeats. */
interface EndSession {
  readonly url: string;
  readonly state: string;
}

/** A logout waits at most this long for the server. Milliseconds. */
const PATIENCE_MS = 5_000;

/**
 * Tells the server that `sub` has logged out. The session is already deleted on this device. Never rejects.
 * - If a call for the same user is in progress, the new call returns the result of that call.
 * - If a call returned `not_told`, the next call tries again. A refresh token that is already
 *   revoked is not revoked again.
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
  { revoke = "server", endSession = "page", mayNavigate }: TellOptions,
): Promise<LogoutResult> {
  // If the tokens of the session could not be read, the server cannot be told of the logout.
  if (deleted.error !== undefined) return notTold(deleted.error);
  // Both requests run at the same time, so that the logout waits only once for a server that does not respond.
  const [revoked, found] = await Promise.allSettled([
    revoke === "server" ? revokeDeleted(deleted, sub, config) : undefined,
    endSession === "page" ? findEndSession(deleted, config) : undefined,
  ]);
  const end = found.status === "fulfilled" ? found.value : undefined;
  const [navigated] = await Promise.allSettled([end && leavePage(end, sub, config, mayNavigate)]);
  const failure = [revoked, found, navigated].find(({ status }) => status === "rejected");
  return failure?.status === "rejected" ? notTold(failure.reason) : { server: "told" };
}

function notTold(error: unknown): LogoutResult {
  // An error that Latchkey did not throw might contain the request and its secrets, so it is replaced.
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
  const { refreshToken } = deleted;
  if (refreshToken === undefined) return;
  const revoked = revokeToken(config, sub, refreshToken).then(() => {
    deleted.refreshToken = undefined;
  });
  await inTime("revocation endpoint", revoked, config);
}

async function findEndSession(
  { idToken }: DeletedSession,
  config: ServerLogoutConfig,
): Promise<EndSession | undefined> {
  const { server, random } = config;
  const state = random.id();
  const postLogoutRedirectUri = config.postLogoutRedirectUri();
  const found = server.endSession({ idToken, state, postLogoutRedirectUri });
  const url = await inTime("end-session endpoint", found, config);
  return url === undefined ? undefined : { url, state };
}

async function leavePage(
  { url, state }: EndSession,
  sub: string,
  { client, sessions, page, ledger, postLogoutRedirectUri }: ServerLogoutConfig,
  mayNavigate: TellOptions["mayNavigate"],
): Promise<void> {
  // If the page navigated without a network, the browser would show its error page.
  if (!page.lifecycle.online()) throw offline();
  if (postLogoutRedirectUri()) await ledger.put(state, { loggedOut: true }).catch(() => {});
  const next = await sessions.get(sessionKey(client, sub)).catch(() => undefined);
  // A user who has logged in again, or is logging in now, must not be logged out at the server.
  if (!(await mayNavigate()) || (next && !next.end)) throw signedInAgain();
  page.navigate(url);
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
 * Tells the server that `sub` has logged out in this tab. By default, the page navigates to the end-session endpoint if `sub`
 * was this tab's user and no login has followed. `before`: the `sub` of the user to whom this tab belonged before the logout.
 */
export function leaveServer(
  parts: NavigateParts,
  sub: string,
  before: string | undefined,
  options?: LogoutOptions,
): Promise<LogoutResult> {
  const deleted = parts.config.untold.sessions.get(sub);
  // After `forget()`, this tab belongs to no user. If the app calls `forget()` again, `deleted.isOwn` still tells whether the
  // tab belonged to `sub` before.
  const isOwn = sub === before || deleted?.isOwn === true;
  if (deleted) deleted.isOwn = isOwn;
  const endSession = isOwn ? "page" : "none";
  const mayNavigate = () => isStillFor(parts, isOwn ? sub : undefined);
  return tellServer(parts.config, sub, { endSession, ...options, mayNavigate });
}

/**
 * Returns true if this page is still allowed to navigate to the end-session endpoint. Returns false in two cases:
 * - A login that `login()` started is in progress.
 * - This tab now belongs to another user than `before`. If `before` is undefined, the user is not checked.
 */
export function isStillFor(
  { session, logins }: NavigateParts,
  before: string | undefined,
): boolean {
  return !logins.isAskedFor && (before === undefined || (session.sub ?? before) === before);
}

/**
 * If this client expects a logout response with this `state`, removes the response from the address bar. Otherwise leaves the
 * URL as it is, because other code might use a parameter named `state`, too.
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

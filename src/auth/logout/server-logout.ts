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

export interface ServerLogoutConfig extends RevocationQueueParts {
  readonly server: Pick<AuthorizationServer, "revoke" | "endSession">;
  readonly page: Page;
  readonly ledger: CallbackLedger;
  readonly random: Random;
  /** Where the server sends the page after it ended the session; it shows a page of its own when not given. */
  readonly postLogoutRedirectUri: () => string | undefined;
}

/** The tab that may leave. */
interface NavigateParts {
  readonly config: ServerLogoutConfig;
  readonly session: { readonly sub: string | undefined };
  readonly logins: { readonly isAskedFor: boolean };
}

interface TellOptions extends Omit<LogoutOptions, "user"> {
  /** Asked when the page is about to leave. */
  readonly mayNavigate: () => boolean | Promise<boolean>;
}

/** The URL of the end-session endpoint, and the `state` that comes back with the page. */
interface EndSession {
  readonly url: string;
  readonly state: string;
}

/** The longest time that a logout waits for the server. Milliseconds. */
const PATIENCE_MS = 5_000;

/**
 * Tells the server of the logout of `sub`, whose session this device has deleted already. Never rejects. A second call joins
 * the first one, and afterwards tells what is still missing.
 * @see RFC 7009
 * @see OpenID Connect RP-Initiated Logout 1.0 section 2
 */
export async function tellServer(
  config: ServerLogoutConfig,
  sub: string,
  options: TellOptions,
): Promise<LogoutResult> {
  const { sessions } = config.untold;
  const left = sessions.get(sub);
  if (!left) return { server: "told" };
  left.telling ??= tell(left, sub, config, options).finally(() => (left.telling = undefined));
  const result = await left.telling;
  if (result.server === "told" && sessions.get(sub) === left) sessions.delete(sub);
  return result;
}

async function tell(
  left: DeletedSession,
  sub: string,
  config: ServerLogoutConfig,
  { revoke = "server", endSession = "page", mayNavigate }: TellOptions,
): Promise<LogoutResult> {
  // Without its tokens the server cannot be told of a session.
  if (left.error !== undefined) return notTold(left.error);
  // At the same time: a server that does not respond is waited for once.
  const [revoked, found] = await Promise.allSettled([
    revoke === "server" ? revokeDeleted(left, sub, config) : undefined,
    endSession === "page" ? findEndSession(left, config) : undefined,
  ]);
  const end = found.status === "fulfilled" ? found.value : undefined;
  const [gone] = await Promise.allSettled([end && leavePage(end, sub, config, mayNavigate)]);
  const failure = [revoked, found, gone].find(({ status }) => status === "rejected");
  return failure?.status === "rejected" ? notTold(failure.reason) : { server: "told" };
}

function notTold(error: unknown): LogoutResult {
  // Another error may hold the request and its secrets, so it is no cause.
  const known = isAuthError(error) ? error : new NetworkError("the server could not be told");
  return { server: "not_told", error: known };
}

async function revokeDeleted(
  left: DeletedSession,
  sub: string,
  config: ServerLogoutConfig,
): Promise<void> {
  const { refreshToken } = left;
  if (refreshToken === undefined) return;
  const revoked = revokeToken(config, sub, refreshToken).then(() => {
    left.refreshToken = undefined;
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
  // Offline the user would end on the browser's error page.
  if (!page.lifecycle.online()) throw offline();
  if (postLogoutRedirectUri()) await ledger.put(state, { signedOut: true }).catch(() => {});
  const next = await sessions.get(sessionKey(client, sub)).catch(() => undefined);
  // A user who has signed in again, or is about to, must not be thrown out.
  if (!(await mayNavigate()) || (next && !next.end)) throw signedInAgain();
  page.navigate(url);
}

async function inTime<T>(
  name: string,
  work: Promise<T>,
  { clock }: Pick<ServerLogoutConfig, "clock">,
): Promise<T> {
  const late = clock.sleep(PATIENCE_MS).then(() => {
    throw new NetworkError(`${name}: no answer in ${PATIENCE_MS} ms`);
  });
  return Promise.race([work, late]);
}

/**
 * The same for the tab that signed the user out. Its page leaves for the server when it was the user's, and nobody else has
 * signed in since. `before`: the user of the tab before the logout.
 */
export function leaveServer(
  parts: NavigateParts,
  sub: string,
  before: string | undefined,
  options?: LogoutOptions,
): Promise<LogoutResult> {
  const left = parts.config.untold.sessions.get(sub);
  // A user who was forgotten is not the tab's any more when forget() is called again.
  const isOwn = sub === before || left?.isOwn === true;
  if (left) left.isOwn = isOwn;
  const endSession = isOwn ? "page" : "none";
  const mayNavigate = () => isStillFor(parts, isOwn ? sub : undefined);
  return tellServer(parts.config, sub, { endSession, ...options, mayNavigate });
}

/** No login that somebody asked for is under way, and the tab is not another user's by now. */
export function isStillFor(
  { session, logins }: NavigateParts,
  before: string | undefined,
): boolean {
  return !logins.isAskedFor && (before === undefined || (session.sub ?? before) === before);
}

/**
 * Takes the server's answer to a sign-out out of the address bar. An answer that is none of ours is left alone: nothing
 * trusts it.
 * @see OpenID Connect RP-Initiated Logout 1.0 section 3
 */
export async function takeLogout(
  state: string,
  { page, ledger }: ServerLogoutConfig,
): Promise<void> {
  const url = page.href();
  const record = await ledger.get(state);
  if (record && "signedOut" in record && page.href() === url)
    page.replaceUrl(withoutResponse(url, state));
}

export { revokeToken as revoke };

import type { SignOutOptions } from "../core/auth.ts";
import type { AuthorizationServer } from "../core/authorization-server.ts";
import type { CallbackLedger } from "../core/callback-ledger.ts";
import { sessionKey } from "../core/keys.ts";
import type { Page, Random } from "../core/ports.ts";
import type { TokenRecord } from "../core/session.ts";
import { revoke as revokeToken, type RevocationQueueDesk } from "./revoke.ts";
import { withoutResponse } from "./clean-url.ts";

export interface ServerSignOutConfig extends RevocationQueueDesk {
  readonly server: Pick<AuthorizationServer, "revoke" | "endSession">;
  readonly page: Page;
  readonly ledger: CallbackLedger;
  readonly random: Random;
  /** Where the server sends the page after it ended the session; it shows a page of its own when not given. */
  readonly postLogoutRedirectUri: () => string | undefined;
}

/** The tab that may leave. */
interface LeaveDesk {
  readonly config: ServerSignOutConfig;
  readonly session: { readonly sub: string | undefined };
  readonly logins: { readonly isAskedFor: boolean };
}

/** What a sign-out waits for a server that is not there. Milliseconds. */
const PATIENCE_MS = 5_000;

/**
 * Has the server forget a session that this device has forgotten already. Never rejects: there is nothing left to undo.
 * @see RFC 7009
 * @see OpenID Connect RP-Initiated Logout 1.0 section 2
 */
export async function signOutAtServer(
  { refreshToken, idToken, user }: TokenRecord,
  config: ServerSignOutConfig,
  {
    revoke = "server",
    endSession = "page",
    mayLeave,
  }: SignOutOptions & { mayLeave: () => boolean },
): Promise<void> {
  const { server, page, ledger, random, clock } = config;
  if (revoke === "server" && refreshToken !== undefined) {
    const tried = revokeToken(config, user.sub, refreshToken);
    await Promise.race([tried, clock.sleep(PATIENCE_MS)]);
  }
  // Offline the person would be left on the browser's error page.
  if (endSession === "none" || !page.online()) return;
  const state = random.id();
  const postLogoutRedirectUri = config.postLogoutRedirectUri();
  const url = await server
    .endSession({ idToken, state, postLogoutRedirectUri }, AbortSignal.timeout(PATIENCE_MS))
    .catch(() => undefined);
  if (url === undefined) return;
  if (postLogoutRedirectUri) await ledger.put(state, { signedOut: true }).catch(() => {});
  // Who signs in again, or did, while the server was slow is not thrown out by the page's leaving.
  const key = sessionKey(config.client, user.sub);
  const next = await config.sessions.get(key).catch(() => undefined);
  if (mayLeave() && (!next || next.end)) page.navigate(url);
}

/**
 * The same from the tab that signed them out, whose page leaves for the server when it was for them, and is for nobody else by
 * then. `before`: whom it was for.
 */
export function leaveServer(
  { config, session, logins }: LeaveDesk,
  left: TokenRecord,
  before: string | undefined,
  options?: SignOutOptions,
): Promise<void> {
  const isOwn = left.user.sub === before;
  const endSession = isOwn ? "page" : "none";
  const mayLeave = () => !logins.isAskedFor && (!isOwn || (session.sub ?? before) === before);
  return signOutAtServer(left, config, { endSession, ...options, mayLeave });
}

/**
 * Takes the server's answer to a sign-out out of the address bar. An answer that is none of ours is left alone: nothing
 * trusts it.
 * @see OpenID Connect RP-Initiated Logout 1.0 section 3
 */
export async function takeSignOut(
  state: string,
  { page, ledger }: ServerSignOutConfig,
): Promise<void> {
  const url = page.href();
  const record = await ledger.get(state);
  if (record && "signedOut" in record && page.href() === url)
    page.replaceUrl(withoutResponse(url, state));
}

export { revokeToken as revoke };

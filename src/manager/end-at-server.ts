import type { SignOutOptions } from "../core/auth.ts";
import type { AuthorizationServer } from "../core/authorization-server.ts";
import type { Page } from "../core/ports.ts";
import type { TokenRecord } from "../core/session.ts";

export interface EndAtServerConfig {
  readonly server: AuthorizationServer;
  readonly page: Page;
  /** Where the server sends the page after it ended the session; it shows a page of its own when not given. */
  readonly postLogoutRedirectUri: () => string | undefined;
}

/** What a sign-out waits for a server that is not there. Milliseconds. */
const PATIENCE_MS = 5_000;

/**
 * Has the server forget a session that this device has forgotten already. Never rejects: there is nothing left to undo.
 * @see RFC 7009
 * @see OpenID Connect RP-Initiated Logout 1.0
 */
export async function endAtServer(
  { refreshToken, idToken }: TokenRecord,
  { server, page, postLogoutRedirectUri }: EndAtServerConfig,
  { revoke = "server", endSession = "page" }: SignOutOptions = {},
): Promise<void> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  if (revoke === "server" && refreshToken !== undefined) {
    await server.revoke(refreshToken, signal).catch(() => {});
  }
  // Offline the person would be left on the browser's error page.
  if (endSession === "none" || !page.online()) return;
  const request = { idToken, postLogoutRedirectUri: postLogoutRedirectUri() };
  const url = await server.endSession(request, signal).catch(() => undefined);
  if (url !== undefined) page.navigate(url);
}

import { sessionKey } from "../../core/keys.ts";
import { broadcastToTabs, type SessionParts } from "../session/tab-messages.ts";
import type { DeletedSession, UntoldLogouts } from "./untold-logouts.ts";
import { NO_CHANGE, type SessionRow, isNewer, newerVersion } from "../../core/session.ts";

/**
 * Deletes the tokens of `user` (default: this tab's user) on this device, in all tabs. Returns the deleted tokens for the
 * logout at the server: the refresh token or, without one, the access tokens, and the ID token. An ended session has none. Returns undefined if there was no session.
 */
export async function localLogout(
  parts: SessionParts,
  user?: string,
): Promise<DeletedSession | undefined> {
  const { client, sessions, random } = parts;
  const sub = user ?? (await parts.users.getActive()).sub;
  if (sub === undefined) return undefined;
  const sessionId = random.id();
  let previous: SessionRow | undefined;
  const row = await sessions.update(sessionKey(client, sub), (before) => {
    previous = before;
    // A damaged session row is read as undefined. Such a row can still contain tokens, so the row is deleted.
    if (!before) return undefined;
    if (isNewer(before) || before.end?.reason === "logged_out") return NO_CHANGE;
    return afterLogout(before, sessionId);
  });
  if (isNewer(row)) throw newerVersion();
  if (!row || row.sessionId === sessionId)
    broadcastToTabs(parts, sub, sessionId, { type: "user", what: "logout" });
  if (!previous?.tokens) {
    // The session has ended here, and the user can still be logged in at the server.
    return previous?.end && previous.end.reason !== "logged_out" ? {} : undefined;
  }
  try {
    const { refreshToken, idToken, user, access } = await sessions.open(previous.tokens);
    const tokens = new Set(Object.values(access).map(({ token }) => token));
    return {
      refreshToken,
      idToken,
      user,
      ...(refreshToken === undefined && { accessTokens: [...tokens] }),
    };
  } catch (error) {
    // With `persist: "memory"`, only open tabs have the tokens, so the tokens might be lost.
    return { error };
  } finally {
    sessions.discard?.(previous.tokens);
  }
}

/** Calls `localLogout()`. Keeps the deleted tokens in memory until the server is told of the logout. */
export async function localLogoutUntold(
  parts: SessionParts & { readonly untold: UntoldLogouts },
  user: string,
): Promise<void> {
  const deleted = await localLogout(parts, user);
  if (deleted) parts.untold.sessions.set(user, deleted);
}

/**
 * Returns the session row to store after a logout, without tokens. The new `sessionId` prevents a refresh of the previous
 * session from storing its response.
 */
function afterLogout(before: SessionRow, sessionId: string): SessionRow {
  const sequence = before.sequence + 1;
  const { signature: _, remembered, ...rest } = before;
  return {
    ...rest,
    // Keep the profile only if the user has agreed to be remembered. Otherwise no user picker may show the user after the logout.
    ...(remembered?.isChosen && { remembered }),
    sessionId,
    sequence,
    attempt: null,
    end: { reason: "logged_out", sequence },
    renewable: false,
    access: {},
    tokens: null,
  };
}

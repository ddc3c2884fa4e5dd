import { sessionKey } from "../../core/keys.ts";
import { broadcastToTabs, type SessionParts } from "../session/tab-messages.ts";
import type { DeletedSession, UntoldLogouts } from "./untold-logouts.ts";
import { NO_CHANGE, type SessionRow, isNewer, newerVersion } from "../../core/session.ts";

/**
 * Deletes the tokens of `user` on this device, in every tab. Default: this tab's user. Returns the deleted tokens that the
 * server should revoke. The tab still belongs to the user, because a login in another tab may be about to replace the session.
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
    // A damaged row counts as missing. It may contain tokens, so it is deleted.
    if (!before) return undefined;
    if (isNewer(before) || before.end?.reason === "logged_out") return NO_CHANGE;
    return afterLogout(before, sessionId);
  });
  if (isNewer(row)) throw newerVersion();
  if (!row || row.sessionId === sessionId)
    broadcastToTabs(parts, sub, sessionId, { type: "user", what: "logout" });
  if (!previous?.tokens) return undefined;
  try {
    const { refreshToken, idToken } = await sessions.open(previous.tokens);
    return { refreshToken, idToken };
  } catch (error) {
    // With `persist: "memory"` it is possible that no tab has the tokens any more.
    return { error };
  } finally {
    sessions.discard?.(previous.tokens);
  }
}

/** Does the same, and keeps the deleted tokens in memory until the server is told of the logout. */
export async function localLogoutUntold(
  parts: SessionParts & { readonly untold: UntoldLogouts },
  user: string,
): Promise<void> {
  const deleted = await localLogout(parts, user);
  if (deleted) parts.untold.sessions.set(user, deleted);
}

/** Returns the row after a logout. It has no tokens, and its new `sessionId` fences every older attempt. */
function afterLogout(before: SessionRow, sessionId: string): SessionRow {
  const sequence = before.sequence + 1;
  const { signature: _, ...rest } = before;
  return {
    ...rest,
    sessionId,
    sequence,
    attempt: null,
    end: { reason: "logged_out", sequence },
    renewable: false,
    access: {},
    tokens: null,
  };
}

import { sessionKey } from "../../core/keys.ts";
import { broadcastToTabs, type SessionParts } from "../session/tab-messages.ts";
import type { DeletedSession, UntoldLogouts } from "./untold-logouts.ts";
import { NO_CHANGE, type SessionRow, isNewer, newerVersion } from "../../core/session.ts";

/**
 * Removes the tokens of `user`, or of this tab's person, from this device, in every tab, and gives what the server should
 * now forget. They stay who this tab is for: a login in another tab may be about to take their place.
 */
export async function localLogout(
  parts: SessionParts,
  user?: string,
): Promise<DeletedSession | undefined> {
  const { client, sessions, random } = parts;
  const sub = user ?? (await parts.users.getActive()).sub;
  if (sub === undefined) return undefined;
  const sessionId = random.id();
  let left: SessionRow | undefined;
  const row = await sessions.update(sessionKey(client, sub), (before) => {
    left = before;
    // A damaged record counts as none, and may have tokens all the same.
    if (!before) return undefined;
    if (isNewer(before) || before.end?.reason === "logged_out") return NO_CHANGE;
    return afterLogout(before, sessionId);
  });
  if (isNewer(row)) throw newerVersion();
  if (!row || row.sessionId === sessionId)
    broadcastToTabs(parts, sub, sessionId, { type: "user", what: "logout" });
  if (!left?.tokens) return undefined;
  try {
    const { refreshToken, idToken } = await sessions.open(left.tokens);
    return { refreshToken, idToken };
  } catch (error) {
    // In memory mode perhaps no tab has them any more.
    return { error };
  } finally {
    sessions.discard?.(left.tokens);
  }
}

/** The same, for a server that is told later. */
export async function localLogoutUntold(
  parts: SessionParts & { readonly untold: UntoldLogouts },
  user: string,
): Promise<void> {
  const left = await localLogout(parts, user);
  if (left) parts.untold.sessions.set(user, left);
}

/** Fenced as by a login, and without any token. */
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

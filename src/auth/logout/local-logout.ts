import { sessionKey, type ClientKey } from "../../core/keys.ts";
import type { TabNews } from "../../core/message.ts";
import type { Random, TabChannel } from "../../core/ports.ts";
import { KEEP, type SessionRow, type SessionStore, type UserStore } from "../../core/session.ts";
import { isNewer, newerVersion } from "../../core/session-version.ts";
import type { DeletedSession, UntoldLogouts } from "./untold-logouts.ts";

export interface SessionDesk {
  readonly client: ClientKey;
  /** This tab, in messages and rows. */
  readonly tab: string;
  readonly sessions: SessionStore;
  readonly users: Pick<UserStore, "getActive" | "putDefault">;
  readonly channel: TabChannel;
  readonly random: Random;
}

/**
 * Removes the tokens of `user`, or of this tab's person, from this device, in every tab, and gives what the server should
 * now forget. They stay who this tab is for: a login in another tab may be about to take their place.
 */
export async function checkOut(
  desk: SessionDesk,
  user?: string,
): Promise<DeletedSession | undefined> {
  const { client, sessions, random } = desk;
  const sub = user ?? (await desk.users.getActive()).sub;
  if (sub === undefined) return undefined;
  const sid = random.id();
  let left: SessionRow | undefined;
  const row = await sessions.update(sessionKey(client, sub), (before) => {
    left = before;
    // A damaged record counts as none, and may have tokens all the same.
    if (!before) return undefined;
    if (isNewer(before) || before.end?.why === "signed_out") return KEEP;
    return afterSignOut(before, sid);
  });
  if (isNewer(row)) throw newerVersion();
  if (!row || row.sid === sid) tellTabs(desk, sub, sid, { t: "user", what: "sign-out" });
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
export async function checkOutUntold(
  desk: SessionDesk & { readonly untold: UntoldLogouts },
  user: string,
): Promise<void> {
  const left = await checkOut(desk, user);
  if (left) desk.untold.sessions.set(user, left);
}

/** Fenced as by a login, and without any token. */
function afterSignOut(before: SessionRow, sid: string): SessionRow {
  const seq = before.seq + 1;
  const { signature: _, ...rest } = before;
  return {
    ...rest,
    sid,
    seq,
    att: null,
    end: { why: "signed_out", seq },
    renewable: false,
    access: {},
    tokens: null,
  };
}

export function tellTabs(
  { channel, tab }: SessionDesk,
  sub: string,
  sid: string,
  news: TabNews,
): void {
  channel.post({ p: 1, k: sub, from: tab, sid, ...news });
}

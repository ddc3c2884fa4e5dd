import { sessionKey, type ClientKey } from "../core/keys.ts";
import type { TabNews } from "../core/message.ts";
import type { Random, TabChannel } from "../core/ports.ts";
import {
  KEEP,
  type SessionRow,
  type SessionStore,
  type TokenRecord,
  type UserStore,
} from "../core/session.ts";
import { isNewer, newerVersion } from "../core/session-version.ts";

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
export async function checkOut(desk: SessionDesk, user?: string): Promise<TokenRecord | undefined> {
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
  // In memory mode perhaps nobody has them any more: then there is nothing to tell the server.
  const record = await sessions.open(left.tokens).catch(() => undefined);
  sessions.discard?.(left.tokens);
  return record;
}

/** Fenced as by a login, and without any token. */
function afterSignOut(before: SessionRow, sid: string): SessionRow {
  const seq = before.seq + 1;
  return {
    ...before,
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

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
  readonly users: UserStore;
  readonly channel: TabChannel;
  readonly random: Random;
}

/** Removes the default user's tokens from this device, in every tab, and gives what the server should now forget. */
export async function checkOut(desk: SessionDesk): Promise<TokenRecord | undefined> {
  const { sub } = await desk.users.getDefault();
  return sub === undefined ? undefined : emptySession(desk, sub);
}

/** The default user stays who it is: a login in another tab may be about to take its place. */
export async function emptySession(
  desk: SessionDesk,
  sub: string,
  onlySid?: string,
): Promise<TokenRecord | undefined> {
  const { client, sessions, random } = desk;
  const sid = random.id();
  let left: SessionRow | undefined;
  const row = await sessions.update(sessionKey(client, sub), (before) => {
    left = before;
    if (!before || isNewer(before) || before.end?.why === "signed_out") return KEEP;
    return before.sid === (onlySid ?? before.sid) ? afterSignOut(before, sid) : KEEP;
  });
  if (isNewer(row)) throw newerVersion();
  if (row?.sid === sid) tellTabs(desk, sub, sid, { t: "user", what: "sign-out" });
  // In memory mode perhaps nobody has them any more: then there is nothing to tell the server.
  return left && !left.end ? sessions.open(left.tokens).catch(() => undefined) : undefined;
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

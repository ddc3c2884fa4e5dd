import type { ClientKey } from "../../core/keys.ts";
import type { TabNews } from "../../core/message.ts";
import type { Random, TabChannel } from "../../core/ports.ts";
import type { SessionStore, UserStore } from "../../core/session.ts";

/** What a function needs to change a session and to tell the other tabs. */
export interface SessionParts {
  readonly client: ClientKey;
  /** This tab, in messages and rows. */
  readonly tab: string;
  readonly sessions: SessionStore;
  readonly users: Pick<UserStore, "getActive" | "putDefault">;
  readonly channel: TabChannel;
  readonly random: Random;
}

/** Sends `news` about the session of `sub` to every tab of the client, this tab included. */
export function broadcastToTabs(
  { channel, tab }: SessionParts,
  sub: string,
  sessionId: string,
  news: TabNews,
): void {
  channel.post({ protocol: 2, key: sub, from: tab, sessionId, ...news });
}

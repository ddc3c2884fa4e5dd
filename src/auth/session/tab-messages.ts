import type { ClientKey } from "../../core/keys.ts";
import type { TabNews } from "../../core/message.ts";
import type { Random, TabChannel } from "../../core/ports.ts";
import type { SessionStore } from "../../core/session.ts";
import type { UserStore } from "../../core/user-store.ts";

/** The objects that are used to change a session and to broadcast the change to all tabs. */
export interface SessionParts {
  readonly client: ClientKey;
  /** The id of this tab in messages and stored sessions. */
  readonly tab: string;
  readonly sessions: SessionStore;
  readonly users: Pick<UserStore, "getActive" | "putDefault">;
  readonly channel: TabChannel;
  readonly random: Random;
}

/** Broadcasts `news` about the session of `sub` to every tab of the client, this tab included. */
export function broadcastToTabs(
  { channel, tab }: SessionParts,
  sub: string,
  sessionId: string,
  news: TabNews,
): void {
  channel.post({ protocol: 2, key: sub, from: tab, sessionId, ...news });
}

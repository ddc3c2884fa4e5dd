import type { TabMessage } from "../../core/message.ts";
import type { LazyLogins } from "../login/lazy-logins.ts";
import type { UserRemoval } from "../users/user-removal.ts";
import type { ActiveSession } from "./active-session.ts";

interface FollowParts {
  /** The id of this tab in messages. */
  readonly tab: string;
  readonly session: ActiveSession;
  readonly logins: LazyLogins;
  readonly userRemoval: UserRemoval;
  /** The latest request of this tab for the token that `getToken()` without options returns. */
  readonly latestRefresh: Promise<unknown> | undefined;
}

/** Updates this tab after a message about a changed session. Rejects if the store cannot be read. */
export async function followTab(parts: FollowParts, message: TabMessage): Promise<void> {
  const { session, latestRefresh } = parts;
  const { type, key, from, sessionId } = message;
  const isOwn = from === parts.tab;
  if (type === "user") {
    if (isOwn) return;
    const { what } = message;
    if (what !== "claims") return followUser(parts, key, what);
    if (key === session.sub) await session.load("other_tab");
    return;
  }
  if (key !== session.sub) return;
  if (type === "ended") {
    session.drop();
    return session.load(isOwn ? "refreshed" : "other_tab");
  }
  if (type !== "done") return;
  // This tab might be requesting the same token. If so, that request publishes the token, and no read of the store is needed.
  await latestRefresh?.catch(() => {});
  const { cached } = session;
  if (cached?.sessionId === sessionId && cached.generation >= message.generation) return;
  // This tab can continue with its cached token, so an error of the read is ignored.
  await session.load(isOwn ? "refreshed" : "other_tab").catch(() => {});
}

/** Updates this tab after `user` logged in, logged out or was forgotten in another tab. */
function followUser(
  { session, logins, userRemoval }: FollowParts,
  user: string,
  what: "login" | "logout" | "forget",
): Promise<void> {
  if (what === "login") logins.tell(({ automatic }) => automatic.loggedIn(user));
  else {
    void userRemoval.tell(user);
    if ((session.sub ?? user) === user) logins.loggedOut(user);
  }
  return session.onMessage(user, what);
}

import type { TabMessage } from "../core/message.ts";
import type { SessionRow } from "../core/session.ts";

/** The session whose access tokens expire, and the names under which the page finds it. */
export interface ExpiredSession {
  readonly database: string;
  readonly entries: string;
  readonly key: string;
  readonly channel: string;
  /** The `sub` of the session's user. */
  readonly user: string;
}

/**
 * Makes the stored access tokens of a session expire, and tells all tabs to read the session again. Resolves when this page has
 * got that message. Resolves with false if there is no such session. This function runs inside of the page, and is sent there as
 * text: it uses nothing from outside of itself.
 */
export async function expireInPage(session: ExpiredSession): Promise<boolean> {
  const { database, entries, key, user } = session;
  const done = <T>(request: IDBRequest<T>) =>
    new Promise<T>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const known = await indexedDB.databases();
  if (!known.some(({ name }) => name === database)) return false;
  const opened = await done(indexedDB.open(database));
  try {
    const store = opened.transaction(entries, "readwrite").objectStore(entries);
    const row = (await done(store.get(key))) as SessionRow | undefined;
    if (!row || row.end) return false;
    const generation = row.generation + 1;
    const expiresAt = Date.now() - 1_000;
    const access = Object.fromEntries(
      Object.entries(row.access).map(([target, entry]) => [
        target,
        { ...entry, generation, expiresAt },
      ]),
    );
    await done(store.put({ ...row, generation, access }, key));
    // After this message, a tab drops the token that it has in memory and reads the session again.
    const message: TabMessage = {
      protocol: 2,
      type: "ended",
      reason: "user_needed",
      key: user,
      from: "lab",
      sessionId: row.sessionId,
      sequence: row.sequence,
    };
    const channel = new BroadcastChannel(session.channel);
    const echo = new BroadcastChannel(session.channel);
    // The channels of the page are older than `echo`, so they get the message earlier.
    await new Promise((arrived) => {
      echo.addEventListener("message", arrived);
      channel.postMessage(message);
    });
    channel.close();
    echo.close();
    return true;
  } finally {
    opened.close();
  }
}

import type { TabMessage } from "../core/message.ts";
import type { SessionRow } from "../core/session.ts";

/** The session whose access tokens expire, and the names under which the page finds it. */
export interface ExpiredSession {
  readonly database: string;
  readonly entries: string;
  readonly key: string;
  readonly channel: string;
  readonly target: string;
  /** The `sub` of the session's user. */
  readonly user: string;
}

/**
 * Makes the stored access tokens of a session expire, and tells all tabs to read the session again. Returns false if there is no
 * such session. This function runs inside of the page, and is sent there as text: it uses nothing from outside of itself.
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
    const message: TabMessage = {
      protocol: 2,
      type: "done",
      key: user,
      from: "lab",
      sessionId: row.sessionId,
      generation,
      sequence: row.sequence,
      target: session.target,
    };
    const channel = new BroadcastChannel(session.channel);
    channel.postMessage(message);
    channel.close();
    return true;
  } finally {
    opened.close();
  }
}

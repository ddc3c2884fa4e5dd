import { promisifyRequest, set } from "idb-keyval";
import { defaultUserKey, sessionKey, type ClientKey } from "../../core/keys.ts";
import { lastUsedFirst, parseRemembered } from "../../core/remembered-profile.ts";
import { rememberedRecord } from "../../core/remembered-record.ts";
import type { SessionStore } from "../../core/session.ts";
import type { RememberedUsers } from "../../core/user-store.ts";
import type { Database } from "./database.ts";
import { indexedDBUsers, subsIn } from "./indexeddb-users.ts";

/**
 * Returns the methods for all users of a client. `sessions`: the app's own store of the sessions, if there is one. Default: the
 * sessions are in `database`.
 */
export function usersIn(
  database: Database,
  client: ClientKey,
  sessions: SessionStore | undefined,
): RememberedUsers {
  const stored = indexedDBUsers(database, client);
  return sessions ? usersOfSessions(stored, sessions, client, database) : stored;
}

/**
 * Returns the methods for all users of a client whose sessions are in the app's own store. `stored`: the methods for the data in
 * IndexedDB, such as the records of forgotten users. `sessions` must have `keys()`.
 */
function usersOfSessions(
  stored: RememberedUsers,
  sessions: SessionStore,
  client: ClientKey,
  database: Database,
): RememberedUsers {
  const prefix = sessionKey(client, "");
  const rowOf = (sub: string) => sessions.get(sessionKey(client, sub));
  const known = async () => {
    const keys = (await sessions.keys?.(prefix)) ?? [];
    return subsIn(
      keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length)),
    );
  };
  return {
    ...stored,
    known,
    list: async () => {
      const users = (await known()).map(async (sub) => {
        const record = rememberedRecord(await rowOf(sub));
        return record ? [parseRemembered(sub, record)] : [];
      });
      return lastUsedFirst((await Promise.all(users)).flat());
    },
    putDefault: async (sub) => {
      if (!(await rowOf(sub))) return false;
      await set(defaultUserKey(client), sub, database);
      return true;
    },
    dropDefault: async (sub) => {
      if (await rowOf(sub)) return;
      await database("readwrite", async (store) => {
        const key = defaultUserKey(client);
        const byDefault = await promisifyRequest<unknown>(store.get(key));
        if (byDefault === sub) store.delete(key);
        await promisifyRequest(store.transaction);
      });
    },
    forget: async (sub) => {
      // The record of the deletion is stored first. If this tab closes before the session is deleted, the record prevents every
      // tab from using the session.
      await stored.forget(sub);
      await sessions.update(sessionKey(client, sub), () => undefined);
    },
  };
}

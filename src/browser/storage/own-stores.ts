import { promisifyRequest } from "idb-keyval";
import { NoTokenError } from "../../core/errors.ts";
import { sessionKey } from "../../core/keys.ts";
import { chunk, shared } from "../../core/lazy.ts";
import { isTokenRecord, parseRow } from "../../core/parse-row.ts";
import type { SessionRow, SessionStore } from "../../core/session.ts";
import type { UserStore } from "../../core/user-store.ts";
import { within } from "./database.ts";
import type { MoveConfig } from "./move-sessions.ts";

/** The configuration of `checkedStores()`. `own` is undefined if the app has only its own store of users. */
export interface OwnStoresConfig extends Omit<MoveConfig, "own"> {
  readonly own: SessionStore | undefined;
}

/** The app's own stores with validated rows. A store that the app does not have is undefined. */
export interface CheckedStores {
  readonly sessions: SessionStore | undefined;
  readonly users: UserStore | undefined;
}

/**
 * Returns the app's own stores with validated rows. Before the first read, moves the sessions that an earlier version of the app
 * has stored in IndexedDB.
 */
export function checkedStores(config: OwnStoresConfig): CheckedStores {
  const { own, ownUsers } = config;
  const ready = shared(async () => {
    if (own) await moveOldSessions({ ...config, own });
  });
  return {
    sessions: own && checkedSessions(own, ready),
    users: ownUsers && checkedUsers(ownUsers, ready),
  };
}

/**
 * Returns the app's own session store with validated rows. A damaged row, or `null`, is read as undefined. `ready` is called
 * before each read.
 */
function checkedSessions(own: SessionStore, ready: () => Promise<void>): SessionStore {
  return {
    get: async (key) => {
      await ready();
      return parseOwn(await own.get(key));
    },
    update: async (key, change) => {
      await ready();
      return parseOwn(await own.update(key, (row) => change(parseOwn(row))));
    },
    keys: async (prefix) => {
      await ready();
      return own.keys!(prefix);
    },
    seal: (record) => own.seal(record),
    open: async (tokens) => {
      const record = await own.open(tokens);
      if (isTokenRecord(record)) return record;
      throw new NoTokenError("the tokens that sessions.open() returned are damaged");
    },
    discard: (tokens) => own.discard?.(tokens),
  };
}

/** Returns the app's own user store with validated sessions. `ready` is called before each read. */
function checkedUsers(own: UserStore, ready: () => Promise<void>): UserStore {
  return {
    getActive: async () => {
      await ready();
      const found = await own.getActive();
      return { ...found, row: parseOwn(found?.row) };
    },
    putDefault: (sub) => own.putDefault(sub),
    pin: (sub) => own.pin(sub),
    users: async () => {
      await ready();
      return own.users();
    },
  };
}

/**
 * Moves the sessions that an earlier version of the app has stored in IndexedDB to the app's own store. Loads the code for this
 * only if there are such sessions. If IndexedDB fails, does nothing.
 * @throws NetworkError the code could not be loaded
 */
async function moveOldSessions(config: MoveConfig): Promise<void> {
  const { database, client } = config;
  const count = await database("readonly", (store) =>
    promisifyRequest(store.count(within(sessionKey(client, "")))),
  ).catch(() => 0);
  if (count > 0) await (await chunk(import("./move-sessions.ts"))).moveSessions(config);
}

/** The app can encrypt the tokens, so the form of `row.tokens` is not validated. */
function parseOwn(row: unknown): SessionRow | undefined {
  return parseRow(row, () => true);
}

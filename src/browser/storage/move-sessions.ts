import { del, delMany, get, promisifyRequest } from "idb-keyval";
import { NoTokenError } from "../../core/errors.ts";
import { defaultUserKey, ownerLock, sessionKey, usersKey } from "../../core/keys.ts";
import type { TabLock } from "../../core/ports.ts";
import { isTokenRecord, parseRow } from "../../core/parse-row.ts";
import { isNewer, NO_CHANGE, type SessionRow, type SessionStore } from "../../core/session.ts";
import type { UserStore } from "../../core/user-store.ts";
import { webLocks } from "../tabs/web-locks-tab-lock.ts";
import { BroadcastTokens, type BroadcastTokensConfig } from "./broadcast-tokens.ts";
import { within, type Database } from "./database.ts";

/** The configuration of `moveSessions()`. */
export interface MoveConfig extends BroadcastTokensConfig {
  readonly database: Database;
  /** The app's own store of sessions. */
  readonly own: SessionStore;
  /** The app's own store of users, if there is one. */
  readonly ownUsers: UserStore | undefined;
}

/** The longest time that a move waits for a refresh of another tab. Milliseconds. */
const PATIENCE_MS = 15_000;

/**
 * Moves the sessions of a client from IndexedDB to the app's own store. If the app's store has a session of the same user, the
 * session in IndexedDB is only deleted. A session of a newer version of Latchkey stays where it is.
 *
 * Each session is stored in the app's store before it is deleted, so a page that closes meanwhile loses no login.
 */
export async function moveSessions(config: MoveConfig): Promise<void> {
  const { client } = config;
  const locks = webLocks();
  const move = () => moveAll(config, locks);
  // Without the lock, a second tab could store a session again that the user has meanwhile logged out of.
  await (locks?.request(`move/${client}`, { mode: "exclusive" }, move) ?? move());
}

async function moveAll(config: MoveConfig, locks: TabLock | undefined): Promise<void> {
  const { client, database, own, ownUsers } = config;
  const memory = new BroadcastTokens(config);
  const prefix = sessionKey(client, "");
  const keys = await database("readonly", (store) =>
    promisifyRequest(store.getAllKeys(within(prefix))),
  );
  const byDefault = await get<unknown>(defaultUserKey(client), database);
  for (const key of keys as string[]) {
    await settled(await rowAt(key, database), locks);
    const row = await rowAt(key, database);
    if (isNewer(row)) continue;
    const isMoved = row !== undefined && (await moveRow(key, row, { own, memory }));
    if (isMoved && typeof byDefault === "string" && key === sessionKey(client, byDefault))
      await ownUsers?.putDefault(byDefault);
    await del(key, database);
  }
  await delMany([usersKey(client), ...(ownUsers ? [defaultUserKey(client)] : [])], database);
}

/** Stores a session in the app's store, unless this store has one of the same user. Returns true if the session is stored. */
async function moveRow(
  key: string,
  row: SessionRow,
  { own, memory }: Pick<MoveConfig, "own"> & { readonly memory: BroadcastTokens },
): Promise<boolean> {
  const open = (tokens: unknown) => (isTokenRecord(tokens) ? tokens : memory.open(tokens));
  let isMoved = false;
  try {
    const tokens = row.tokens === null ? null : await own.seal(await open(row.tokens));
    await own.update(key, (now) => {
      isMoved = !parseRow(now, () => true);
      return isMoved ? { ...row, tokens } : NO_CHANGE;
    });
  } catch (error) {
    // With `persist: "memory"`, only open tabs had the tokens. If they are lost, the session cannot be used.
    if (!(error instanceof NoTokenError)) throw error;
  }
  return isMoved;
}

/**
 * Waits until no tab sends the refresh token of the session. A tab with the earlier version of the app stores the response in
 * IndexedDB.
 */
async function settled(row: SessionRow | undefined, locks: TabLock | undefined): Promise<void> {
  if (!row?.attempt || isNewer(row)) return;
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const name = ownerLock(row.attempt.id);
  await locks?.request(name, { mode: "shared", signal }, async () => {}).catch(() => {});
}

async function rowAt(key: string, database: Database): Promise<SessionRow | undefined> {
  return parseRow(await get(key, database));
}

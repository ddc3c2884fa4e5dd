import { promisifyRequest, type UseStore } from "idb-keyval";
import { NoTokenError } from "../../core/errors.ts";
import { sessionKey, type ClientKey } from "../../core/keys.ts";
import { isTokenName, isTokenRecord, parseRow } from "../../core/parse-row.ts";
import {
  NO_CHANGE,
  type SessionRow,
  type SessionStore,
  type TokenRecord,
} from "../../core/session.ts";
import { within } from "./database.ts";
import { BroadcastTokens, type BroadcastTokensConfig } from "./broadcast-tokens.ts";

/** The part of a session store that stores tokens. The session rows are in another store. */
export type TokenKeeper = Required<Pick<SessionStore, "seal" | "open" | "discard">>;

/** Configuration of `storeTokens()`. */
export interface ModeChangeConfig extends BroadcastTokensConfig {
  readonly persist: "device" | "memory";
  readonly database: UseStore;
  readonly rows: SessionStore;
}

/**
 * Returns the store of the tokens. If a new version of the app has changed `persist`, the store can also open the tokens that
 * were stored before the change:
 * - With `persist: "memory"`, the store moves the tokens of all users from the disk to the memory of the tabs.
 * - With `persist: "device"`, the store moves tokens from the memory of the tabs to the disk when they are opened.
 */
export function storeTokens(config: ModeChangeConfig): TokenKeeper {
  const { persist, rows, client } = config;
  const tokens = new BroadcastTokens(config);
  if (persist === "device") {
    return {
      seal: (record) => rows.seal(record),
      open: (sealed) => takeToDisk(tokens, sealed, config),
      discard: (sealed) => tokens.discard(sealed),
    };
  }
  const takeAll = () => takeFromDisk(tokens, client, config.database).catch(() => {});
  // The move starts now, and not at the first read. Some sessions might never be read, and their tokens must leave the disk,
  // too.
  void takeAll();
  return {
    seal: (record) => tokens.seal(record),
    open: async (sealed) => {
      if (!isTokenRecord(sealed)) return tokens.open(sealed);
      // `sealed` contains the tokens and not their id, so the tokens have not left the disk yet. The earlier call of
      // `takeAll()` might have failed, so `takeAll()` is called again.
      await takeAll();
      return sealed;
    },
    discard: (sealed) => tokens.discard(sealed),
  };
}

/** Moves the tokens of all users of the client from the disk to memory, in one transaction. */
function takeFromDisk(
  tokens: BroadcastTokens,
  client: ClientKey,
  database: UseStore,
): Promise<void> {
  return database("readwrite", (store) => {
    const all = store.openCursor(within(sessionKey(client, "")));
    all.onsuccess = () => {
      const cursor = all.result;
      if (!cursor) return;
      const row = parseRow(cursor.value);
      if (row?.version === 2 && isTokenRecord(row.tokens)) {
        const { memory } = tokens.keep(row.tokens);
        cursor.update({ ...row, tokens: { memory } } satisfies SessionRow);
      }
      cursor.continue();
    };
    return promisifyRequest(store.transaction);
  });
}

/**
 * Moves tokens from the memory of the tabs to the disk and returns them.
 * @throws NoTokenError no tab has sent the tokens. If all tabs have lost the tokens, this function deletes the session, too
 */
async function takeToDisk(
  tokens: BroadcastTokens,
  sealed: unknown,
  { client, database, rows }: ModeChangeConfig,
): Promise<TokenRecord> {
  const isNamed = (row: SessionRow | undefined): row is SessionRow =>
    row?.version === 2 &&
    isTokenName(row.tokens) &&
    isTokenName(sealed) &&
    row.tokens.memory === sealed.memory;
  try {
    const record = await tokens.open(sealed);
    let isStored = false;
    await rows.update(sessionKey(client, record.user.sub), (row) => {
      isStored = isNamed(row);
      return isNamed(row) ? { ...row, tokens: record } : NO_CHANGE;
    });
    // If the user has logged out or the session has newer tokens, `isStored` is false. No tab then needs the old tokens.
    if (!isStored) tokens.discard(sealed);
    return record;
  } catch (error) {
    if (!(error instanceof NoTokenError) || !isTokenName(sealed)) throw error;
    if (await tokens.areLost(sealed.memory)) {
      const keys = await database("readonly", (store) =>
        promisifyRequest(store.getAllKeys(within(sessionKey(client, "")))),
      );
      const remove = (row: SessionRow | undefined) => (isNamed(row) ? undefined : NO_CHANGE);
      await Promise.all(keys.map((key) => rows.update(key as string, remove)));
    }
    throw error;
  }
}

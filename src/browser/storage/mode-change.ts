import { promisifyRequest } from "idb-keyval";
import { NoTokenError } from "../../core/errors.ts";
import { sessionKey, type ClientKey } from "../../core/keys.ts";
import { isTokenName, isTokenRecord, parseRow } from "../../core/parse-row.ts";
import {
  NO_CHANGE,
  type SessionRow,
  type SessionStore,
  type TokenRecord,
} from "../../core/session.ts";
import { within, type Database } from "./database.ts";
import { BroadcastTokens, type BroadcastTokensConfig } from "./broadcast-tokens.ts";

/** The part of a session store that stores tokens. The session rows are in another store. */
export type TokenKeeper = Required<Pick<SessionStore, "seal" | "open" | "discard">>;

/** Configuration of `storeTokens()`. */
export interface ModeChangeConfig extends BroadcastTokensConfig {
  readonly persist: "device" | "memory";
  readonly database: Database;
  readonly rows: SessionStore;
}

/**
 * Returns the store of the tokens. If an earlier version of the app had another value of `persist`, the store also opens the
 * tokens of that version:
 * - With `persist: "memory"`, the store moves the tokens of all users from the disk to the memory of the tabs.
 * - With `persist: "device"`, the store moves tokens from the memory of the tabs to the disk when the tokens are opened.
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
  // Some sessions might never be opened, and their tokens must leave the disk, too. So the move starts now.
  void takeAll();
  return {
    seal: (record) => tokens.seal(record),
    open: async (sealed) => {
      if (!isTokenRecord(sealed)) return tokens.open(sealed);
      // `sealed` contains the tokens themselves, so the tokens might still be on disk. Move the tokens to memory now.
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
  database: Database,
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
 * Moves tokens from the memory of the tabs to the disk, and returns the tokens. If all tabs have lost the tokens, deletes the
 * session.
 * @throws NoTokenError no tab has sent the tokens
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
    // If `isStored` is false, the user has logged out, or the session has newer tokens. No tab then needs the old tokens.
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

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

/** What keeps the tokens of sessions, whose rows are elsewhere. */
export type TokenKeeper = Required<Pick<SessionStore, "seal" | "open" | "discard">>;

export interface ModeChangeConfig extends BroadcastTokensConfig {
  readonly persist: "device" | "memory";
  readonly database: UseStore;
  readonly rows: SessionStore;
}

/**
 * The tokens of sessions in memory, or those that were there before an app chose the device. A record of the other mode is
 * moved when it is read, and the session goes on.
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
  // Those of users that nobody asks for leave the disk, too.
  void takeAll();
  return {
    seal: (record) => tokens.seal(record),
    open: async (sealed) => {
      if (!isTokenRecord(sealed)) return tokens.open(sealed);
      // Where it fails, the next read tries again.
      await takeAll();
      return sealed;
    },
    discard: (sealed) => tokens.discard(sealed),
  };
}

/** In one transaction, the tokens of all users of the client. */
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

/** What another tab still has in memory. @throws NoTokenError no tab has it; the session is removed when that is sure */
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
    // Signed out, or replaced: nobody needs them any more.
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

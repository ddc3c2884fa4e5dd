import type { UseStore } from "idb-keyval";
import { chunk, shared } from "../../core/lazy.ts";
import type { SessionStore } from "../../core/session.ts";
import type { BroadcastTokensConfig } from "./broadcast-tokens.ts";
import { IndexedDBSessionStore } from "./indexeddb-session-store.ts";
import { sessionsWith } from "./sessions-in-memory.ts";

/**
 * A client's sessions, with their tokens on the disk or in the memory of its tabs. `prepare`: in memory mode, takes tokens
 * off the disk that were stored before; never rejects.
 */
export function clientSessions(
  persist: "device" | "memory" = "device",
  database: UseStore,
  config: BroadcastTokensConfig,
): { readonly sessions: SessionStore; readonly prepare: () => void } {
  const load = shared(async () => {
    const { storeTokens } = await chunk(import("./mode-change.ts"));
    return storeTokens({ ...config, persist, database, rows });
  });
  const rows: SessionStore = new IndexedDBSessionStore(database, load);
  if (persist === "device") return { sessions: rows, prepare: () => {} };
  return { sessions: sessionsWith(rows, load), prepare: () => void load().catch(() => {}) };
}

import type { UseStore } from "idb-keyval";
import { chunk, shared } from "../../core/lazy.ts";
import type { SessionStore } from "../../core/session.ts";
import type { BroadcastTokensConfig } from "./broadcast-tokens.ts";
import { IndexedDBSessionStore } from "./indexeddb-session-store.ts";
import { sessionsWith } from "./sessions-in-memory.ts";

/**
 * Creates the session store of a client. If `persist` is `device`, the store keeps the tokens on disk. If `persist` is
 * `memory`, the store keeps the tokens in the memory of the tabs.
 *
 * If `persist` is `device`, `prepare()` does nothing. If `persist` is `memory`, an older version of the app might have stored
 * tokens on disk. `prepare()` then starts to move these tokens to the memory of the tabs. If the move fails, `prepare()`
 * ignores the error. The next read of these tokens tries to move the tokens again.
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

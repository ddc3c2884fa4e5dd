import type { UseStore } from "idb-keyval";
import { chunk, shared } from "../../core/lazy.ts";
import type { SessionStore } from "../../core/session.ts";
import type { BroadcastTokensConfig } from "./broadcast-tokens.ts";
import { IndexedDBSessionStore } from "./indexeddb-session-store.ts";
import { sessionsWith } from "./sessions-in-memory.ts";

/**
 * Creates the session store of a client. The tokens are on disk (`device`) or in the memory of the tabs (`memory`). With
 * `memory`, `prepare()` moves tokens from the disk to the memory of the tabs, if an older version of the app used `device`.
 * `prepare()` ignores failures, because the next read of such tokens tries to move them again.
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

import { chunk, shared } from "../../core/lazy.ts";
import type { SessionStore } from "../../core/session.ts";
import type { BroadcastTokensConfig } from "./broadcast-tokens.ts";
import { IndexedDBSessionStore } from "./indexeddb-session-store.ts";
import { sessionsWith } from "./sessions-in-memory.ts";
import type { Database } from "./database.ts";

/**
 * Creates the session store of a client. With `persist: "device"`, the store keeps tokens on disk. With `persist: "memory"`,
 * the store keeps tokens in the memory of the tabs.
 *
 * An older version of the app might have stored tokens on disk. With `persist: "memory"`, `prepare()` starts to move these
 * tokens to memory.
 */
export function clientSessions(
  persist: "device" | "memory" = "device",
  database: Database,
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

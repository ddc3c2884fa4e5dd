import type { createDatabase } from "./browser/database.ts";
import { IndexedDBSessionStore } from "./browser/indexeddb-session-store.ts";
import { sessionsWith } from "./browser/sessions-with.ts";
import type { ClientKey } from "./core/keys.ts";
import { chunk } from "./core/lazy.ts";
import type { Clock, Random } from "./core/ports.ts";
import type { SessionStore } from "./core/session.ts";

export interface SessionStoreConfig {
  readonly database: ReturnType<typeof createDatabase>;
  readonly persist: "device" | "memory" | undefined;
  readonly client: ClientKey;
  readonly clock: Clock;
  readonly random: Random;
}

/** Sessions in IndexedDB, their tokens there or in the tabs' memory. */
export function createSessionStore({
  database,
  persist,
  ...parts
}: SessionStoreConfig): SessionStore {
  const stored = new IndexedDBSessionStore(database);
  if (persist !== "memory") return stored;
  return sessionsWith(stored, async () => {
    const { HandoverTokens } = await chunk(import("./browser/handover-tokens.ts"));
    return new HandoverTokens(parts);
  });
}

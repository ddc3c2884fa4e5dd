import { chunk, shared } from "../../core/lazy.ts";
import { checkStores, type StoresConfig } from "../../core/own-stores.ts";
import type { SessionStore } from "../../core/session.ts";
import type { UserStore } from "../../core/user-store.ts";
import type { BroadcastTokensConfig } from "./broadcast-tokens.ts";
import { IndexedDBSessionStore } from "./indexeddb-session-store.ts";
import { IndexedDBUserStore } from "./indexeddb-user-store.ts";
import type { CheckedStores } from "./own-stores.ts";
import { sessionsWith } from "./sessions-in-memory.ts";
import type { Database } from "./database.ts";

/** The stores of a client, and a function that starts to move tokens of an older version of the app. */
export interface ClientStores {
  readonly sessions: SessionStore;
  readonly users: UserStore;
  readonly prepare: () => void;
}

/**
 * Returns the stores of a client: the app's own stores, and otherwise stores in IndexedDB.
 * @throws ConfigurationError the app's function returned a store that lacks a method
 */
export function clientStores(
  { persist, sessions: own, users }: StoresConfig,
  database: Database,
  config: BroadcastTokensConfig,
): ClientStores {
  const { client } = config;
  const load: () => Promise<CheckedStores> = shared(async () => {
    const { checkedStores } = await chunk(import("./own-stores.ts"));
    return checkedStores({ ...config, database, own, ownUsers: made });
  });
  const stores = own
    ? {
        sessions: lazyStore(
          "get update keys seal open discard",
          async () => (await load()).sessions,
        ),
        prepare: () => {},
      }
    : clientSessions(persist, database, config);
  const made: UserStore | undefined =
    typeof users === "function" ? users({ client, sessions: own ?? stores.sessions }) : users;
  if (typeof users === "function") checkStores({ users: made ?? (null as never) });
  return {
    ...stores,
    users: made
      ? {
          ...lazyStore("getActive putDefault users", async () => (await load()).users),
          pin: (sub) => made.pin(sub),
        }
      : new IndexedDBUserStore(database, client, own && stores.sessions),
  };
}

/** Returns a store whose methods call the methods of the store that `load()` loads. `names`: the names of the methods. */
function lazyStore<T extends object>(names: string, load: () => Promise<T | undefined>): T {
  const lazy = (name: string) => [
    name,
    async (...args: unknown[]) =>
      ((await load()) as Record<string, (...args: unknown[]) => unknown>)[name]!(...args),
  ];
  return Object.fromEntries(names.split(" ").map(lazy)) as T;
}

/**
 * Creates the session store of a client. With `persist: "device"`, the store keeps tokens on disk. With `persist: "memory"`,
 * the store keeps tokens in the memory of the tabs.
 *
 * An older version of the app might have stored tokens on disk. With `persist: "memory"`, `prepare()` starts to move these
 * tokens to memory.
 */
function clientSessions(
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

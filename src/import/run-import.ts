import { BroadcastTabChannel } from "../browser/tabs/broadcast-tab-channel.ts";
import { clientSessions } from "../browser/storage/client-sessions.ts";
import { createDatabase } from "../browser/storage/database.ts";
import { IndexedDBUserStore } from "../browser/storage/indexeddb-user-store.ts";
import { systemClock, systemRandom } from "../browser/page/system-clock.ts";
import { clientKey } from "../core/keys.ts";
import type { ImportedSession } from "./source.ts";
import { tokenSet } from "../core/token-set.ts";
import { loadImportValidator } from "../compose/lazy-server.ts";
import type { ImportResult, ImportSessionConfig } from "./import-session.ts";
import {
  isImportedAlready,
  cachedRefusal,
  storeImported,
  type StoreImportedParts,
} from "./store-imported.ts";

/** Imports the session that the source found, or returns why it cannot. In a lazy chunk: most page loads find no session. */
export async function importFound(
  first: ImportedSession & { type: "left" },
  config: ImportSessionConfig,
): Promise<ImportResult> {
  const { issuer, clientId, from, remains = "removed" } = config;
  const parts = partsOf(config);
  const validate = await loadImportValidator({ ...config, clock: systemClock });
  const seen = validate(first.tokens);
  if (seen.type === "refused") return seen;
  if (await cachedRefusal(parts, seen.tokens.user.sub)) {
    if (remains === "removed" && (await isImportedAlready(parts, seen.tokens)))
      await first.remove();
    return { type: "standing" };
  }
  // Read again: a tab that still runs the other SDK may have refreshed the tokens in the meantime.
  const current = await from.find({ issuer, clientId });
  if (!current) return { type: "nothing" };
  if (current.type !== "left") return { type: "refused", reason: current.type };
  const validation = validate(current.tokens);
  if (validation.type === "refused") return validation;
  const { user } = validation.tokens;
  const tokens = Object.assign(tokenSet(validation.tokens), { user });
  const isStored = await storeImported(parts, tokens);
  if (!isStored) return { type: "standing" };
  if (remains === "removed") await current.remove();
  return { type: "imported", user };
}

function partsOf({ issuer, clientId, persist }: ImportSessionConfig): StoreImportedParts {
  const client = clientKey(issuer, clientId);
  const database = createDatabase();
  const [clock, random] = [systemClock, systemRandom];
  return {
    client,
    tab: random.id(),
    random,
    clock,
    sessions: clientSessions(persist, database, { client, clock, random }).sessions,
    users: new IndexedDBUserStore(database, client),
    channel: new BroadcastTabChannel(client),
  };
}

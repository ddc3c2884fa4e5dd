import { BroadcastTabChannel } from "../browser/tabs/broadcast-tab-channel.ts";
import { clientStores } from "../browser/storage/client-stores.ts";
import { createDatabase, type Database } from "../browser/storage/database.ts";
import { systemClock, systemRandom } from "../browser/page/system-clock.ts";
import { clientKey } from "../core/keys.ts";
import { tokenSet } from "../core/token-set.ts";
import type { ImportedSession, ImportResult, ImportSessionConfig } from "./source.ts";
import {
  isImportedAlready,
  alreadySignedIn,
  storeImported,
  type StoreImportedParts,
} from "./store-imported.ts";
import { validateImported } from "./validate-tokens.ts";

/** Imports the session that `config.from` has found. If the session cannot be imported, the result has the reason. */
export async function importFound(
  first: ImportedSession & { type: "found" },
  config: ImportSessionConfig,
): Promise<ImportResult> {
  const database = createDatabase();
  try {
    return await importWith(partsOf(config, database), first, config);
  } finally {
    database.close?.();
  }
}

async function importWith(
  parts: StoreImportedParts,
  first: ImportedSession & { type: "found" },
  { issuer, clientId, from, remains = "removed" }: ImportSessionConfig,
): Promise<ImportResult> {
  const context = { issuer, clientId, now: systemClock.now() };
  const seen = validateImported(first.tokens, context);
  if (seen.type === "refused") return seen;
  if (await alreadySignedIn(parts, seen.tokens.user.sub)) {
    if (remains === "removed" && (await isImportedAlready(parts, seen.tokens)))
      await first.remove();
    return { type: "already_signed_in" };
  }
  // Read the session again, because another tab with the other SDK might have refreshed the tokens in the meantime.
  const current = await from.find({ issuer, clientId });
  if (!current) return { type: "nothing" };
  if (current.type !== "found") return { type: "refused", reason: current.type };
  const validation = validateImported(current.tokens, context);
  if (validation.type === "refused") return validation;
  const { user } = validation.tokens;
  const tokens = Object.assign(tokenSet(validation.tokens), { user });
  const isStored = await storeImported(parts, tokens);
  if (!isStored) return { type: "already_signed_in" };
  if (remains === "removed") await current.remove();
  return { type: "imported", user };
}

function partsOf(
  { issuer, clientId, ...stores }: ImportSessionConfig,
  database: Database,
): StoreImportedParts {
  const client = clientKey(issuer, clientId);
  const [clock, random] = [systemClock, systemRandom];
  return {
    client,
    tab: random.id(),
    random,
    clock,
    ...clientStores(stores, database, { client, clock, random }),
    channel: new BroadcastTabChannel(client),
  };
}

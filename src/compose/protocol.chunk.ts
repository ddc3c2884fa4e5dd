import { IndexedDBDocumentCache } from "../browser/storage/indexeddb-document-cache.ts";
import type { createDatabase } from "../browser/storage/database.ts";
import type { OidcServerConfig } from "../oidc/context.ts";
import { createServer, type OidcServer } from "../oidc/server.ts";

export interface ServerInPageConfig extends Omit<OidcServerConfig, "documents"> {
  readonly database?: ReturnType<typeof createDatabase>;
}

/** The server, with its documents in the database. */
export function createServerInPage({ database, ...config }: ServerInPageConfig): OidcServer {
  const documents = database && new IndexedDBDocumentCache(database);
  return createServer({ ...config, documents });
}

export { RefreshCoordinator } from "../refresh/coordinator.ts";

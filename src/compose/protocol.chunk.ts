import { IndexedDBDocumentCache } from "../browser/storage/indexeddb-document-cache.ts";
import type { createDatabase } from "../browser/storage/database.ts";
import type { OidcServerConfig } from "../oidc/context.ts";
import { createServer, type OidcServer } from "../oidc/server.ts";

/** The configuration of `createServerInPage()`. */
export interface ServerInPageConfig extends Omit<OidcServerConfig, "documents"> {
  /** Stores the server's metadata and keys for later page loads. Without a database, each page load fetches both again. */
  readonly database?: ReturnType<typeof createDatabase>;
}

/**
 * Creates the methods that call the server's endpoints. If `database` is set, the server's metadata and keys are cached there.
 */
export function createServerInPage({ database, ...config }: ServerInPageConfig): OidcServer {
  const documents = database && new IndexedDBDocumentCache(database);
  return createServer({ ...config, documents });
}

export { RefreshCoordinator } from "../refresh/coordinator.ts";

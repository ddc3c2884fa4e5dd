import { IndexedDBDocumentCache } from "../browser/storage/indexeddb-document-cache.ts";
import type { createDatabase } from "../browser/storage/database.ts";
import type { OidcServerConfig } from "../oidc/context.ts";
import { createServer, type OidcServer } from "../oidc/server.ts";

/** The configuration of `createServerInPage()`. */
export interface ServerInPageConfig extends Omit<OidcServerConfig, "documents"> {
  /**
   * Stores the server's metadata and keys for later page loads. Without a database, each page load fetches the metadata and the
   * keys.
   */
  readonly database?: ReturnType<typeof createDatabase>;
}

/**
 * Creates the object that calls the server's endpoints. If `database` is given, the object caches the server's metadata and
 * keys in the database.
 */
export function createServerInPage({ database, ...config }: ServerInPageConfig): OidcServer {
  const documents = database && new IndexedDBDocumentCache(database);
  return createServer({ ...config, documents });
}

export { RefreshCoordinator } from "../refresh/coordinator.ts";
export { RequestTokenError } from "../core/protocol-errors.ts";

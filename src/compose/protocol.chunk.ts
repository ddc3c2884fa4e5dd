import { IndexedDBDocumentCache } from "../browser/storage/indexeddb-document-cache.ts";
import type { createDatabase } from "../browser/storage/database.ts";
import type { OidcServerConfig } from "../oidc/server-parts.ts";
import { createServer, type OidcServer } from "../oidc/server.ts";
import { DocumentLifecycle } from "../browser/page/document-lifecycle.ts";
import type { Refresher } from "../core/refresher.ts";
import { RefreshCoordinator, type RefreshCoordinatorConfig } from "../refresh/coordinator.ts";
import type { RefreshPorts } from "../refresh/run.ts";

export interface ServerInPageConfig extends Omit<OidcServerConfig, "documents"> {
  readonly database?: ReturnType<typeof createDatabase>;
}

/** The server, with its documents in the database. */
export function createServerInPage({ database, ...config }: ServerInPageConfig): OidcServer {
  const documents = database && new IndexedDBDocumentCache(database);
  return createServer({ ...config, documents });
}

export interface RefresherConfig extends Omit<RefreshCoordinatorConfig, "ports"> {
  readonly ports: Omit<RefreshPorts, "page">;
}

/** The coordinator of the page this code runs in. Loaded by `createRefresher()`, as one part. */
export function createRefresherInPage(config: RefresherConfig): Refresher {
  return new RefreshCoordinator({
    ...config,
    ports: { ...config.ports, page: new DocumentLifecycle() },
  });
}

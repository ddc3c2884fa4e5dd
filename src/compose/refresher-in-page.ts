import { DocumentLife } from "../browser/page/document-lifecycle.ts";
import type { Refresher } from "../core/refresher.ts";
import { RefreshCoordinator, type RefreshCoordinatorConfig } from "../refresh/coordinator.ts";
import type { RefreshPorts } from "../refresh/run.ts";

export interface RefresherConfig extends Omit<RefreshCoordinatorConfig, "ports"> {
  readonly ports: Omit<RefreshPorts, "page">;
}

/** The coordinator of the page this code runs in. Loaded by `createRefresher()`, as one part. */
export function createRefresherInPage(config: RefresherConfig): Refresher {
  return new RefreshCoordinator({
    ...config,
    ports: { ...config.ports, page: new DocumentLife() },
  });
}

import { revoke } from "../auth/logout/revocation.ts";
import { UntoldLogouts } from "../auth/logout/untold-logouts.ts";
import { servePages } from "../worker/serve-pages.ts";

/**
 * Refreshes the sessions of all pages that connect to this shared worker. A refresh in a worker continues when its page reloads
 * or closes, so that no response is lost. Pages connect to the worker that `createAuth({ worker })` returns.
 * @throws ConfigurationError this code does not run in a `SharedWorker`
 * @see https://html.spec.whatwg.org/multipage/workers.html#shared-workers-and-the-sharedworker-interface
 * @example
 * if (typeof document === "undefined") serveRefreshes();
 */
export function serveRefreshes(): void {
  const untold = new UntoldLogouts();
  servePages((parts) => (user, refreshToken) => revoke({ ...parts, untold }, user, refreshToken));
}

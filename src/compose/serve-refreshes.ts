import { revoke } from "../auth/logout/revocation.ts";
import { UntoldLogouts } from "../auth/logout/untold-logouts.ts";
import { servePages } from "../worker/serve-pages.ts";

/**
 * Refreshes the sessions of all pages that connect to this shared worker. A refresh in a worker continues when its page reloads
 * or closes. Pages connect to the worker that `createAuth({ worker })` returns. Call this function directly in the worker's
 * script, and not after an `await`, because pages that connect earlier get no response.
 * @throws ConfigurationError this code does not run in a `SharedWorker`
 * @see https://html.spec.whatwg.org/multipage/workers.html#shared-workers-and-the-sharedworker-interface
 * @example
 * // auth-worker.ts
 * serveRefreshes();
 */
export function serveRefreshes(): void {
  const untold = new UntoldLogouts();
  servePages((parts) => (user, refreshToken) => revoke({ ...parts, untold }, user, refreshToken));
}

import { NoTokenError } from "../core/errors.ts";
import type { SessionRow } from "../core/session.ts";
import { parseTargetKey } from "../core/token-target.ts";
import type { Run } from "./run.ts";

/**
 * A resource that the login did not name is not asked for with the refresh token. A server that does not know it may use the
 * refresh token up and give no new one, and the session would be lost. Only a server with a reuse leeway forgives that.
 * @see RFC 8707 section 2
 * @throws NoTokenError a login that names the resource helps
 */
export function assertNamed({ need, reuseLeewayMs = 0 }: Run, row: SessionRow): void {
  const { resource } = parseTargetKey(need.target);
  if (resource === "" || reuseLeewayMs > 0 || row.resources?.includes(resource)) return;
  throw new NoTokenError(
    `the login did not name the resource ${resource}: list it in resources, or give reuseLeewayMs if the server forgives a ` +
      "refresh token that is used twice",
  );
}

import type { ClientKey } from "./keys.ts";

/**
 * The lock under which a revocation is sent, and for which a login asks before it leaves: servers may drop the whole grant
 * with one refresh token, and a login in the same server session shares that grant.
 */
export function revokeLock(client: ClientKey): string {
  return `revoke/${client}`;
}

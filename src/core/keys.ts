/** `<client>` in keys, channel and lock names: an issuer and our registration there. */
export type ClientKey = string;

export function clientKey(issuer: string, clientId: string): ClientKey {
  return `${encodeURIComponent(issuer)},${encodeURIComponent(clientId)}`;
}

/** The empty `sub` gives where all of them begin. */
export function sessionKey(client: ClientKey, sub: string): string {
  return `session/${client}/${encodeURIComponent(sub)}`;
}

/** Where lists of people look. */
export function usersKey(client: ClientKey): string {
  return `users/${client}`;
}

export function defaultUserKey(client: ClientKey): string {
  return `default/${client}`;
}

/** In `sessionStorage`, which knows no prefixes of ours. */
export function activeUserKey(client: ClientKey): string {
  return `latchkey/active/${client}`;
}

/** In `sessionStorage`: which logins of this tab keep it from another automatic one. */
export function loginMarksKey(client: ClientKey): string {
  return `latchkey/logins/${client}`;
}

/**
 * The lock under which a revocation is sent, and for which a login asks before it leaves: servers may drop the whole grant
 * with one refresh token, and a login in the same server session shares that grant.
 */
export function revokeLock(client: ClientKey): string {
  return `revoke/${client}`;
}

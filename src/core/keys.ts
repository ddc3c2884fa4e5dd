/** `<client>` in keys, channel names and lock names: an issuer and a client id. */
export type ClientKey = string;

/**
 * Returns the key of a client, for the parts that `createAuth()` composes.
 * @example
 * const client = clientKey("https://id.example.com", "web");
 * const channel = new BroadcastTabChannel(client);
 */
export function clientKey(issuer: string, clientId: string): ClientKey {
  return `${encodeURIComponent(issuer)},${encodeURIComponent(clientId)}`;
}

/** The key of a user's session. With an empty `sub`: the prefix of all sessions of this client. */
export function sessionKey(client: ClientKey, sub: string): string {
  return `session/${client}/${encodeURIComponent(sub)}`;
}

/** The key of the list of remembered users. */
export function usersKey(client: ClientKey): string {
  return `users/${client}`;
}

/** The key of the `sub` that new tabs begin with. */
export function defaultUserKey(client: ClientKey): string {
  return `default/${client}`;
}

/** The key of this tab's user in `sessionStorage`. The prefix keeps the key apart from those of other code. */
export function activeUserKey(client: ClientKey): string {
  return `latchkey/active/${client}`;
}

/** The key in `sessionStorage` of the logins that keep this tab from another automatic login. */
export function loginMarksKey(client: ClientKey): string {
  return `latchkey/logins/${client}`;
}

/**
 * The lock that a revocation holds while it is sent, and that a login requests before it navigates. A server may end the whole
 * grant with one refresh token, and a login in the same server session shares that grant.
 */
export function revokeLock(client: ClientKey): string {
  return `revoke/${client}`;
}

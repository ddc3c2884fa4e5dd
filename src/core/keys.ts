/** Identifies a client by its issuer and its client id. The key is a part of storage keys, channel names and lock names. */
export type ClientKey = string;

/**
 * Returns the key of a client. An app needs this key to create parts such as a `BroadcastTabChannel` itself.
 * @example
 * const client = clientKey("https://id.example.com", "web");
 * const channel = new BroadcastTabChannel(client);
 */
export function clientKey(issuer: string, clientId: string): ClientKey {
  return `${encodeURIComponent(issuer)},${encodeURIComponent(clientId)}`;
}

/**
 * Returns the storage key of a user's session. With an empty `sub`, returns the prefix of the keys of all sessions of the
 * client.
 */
export function sessionKey(client: ClientKey, sub: string): string {
  return `session/${client}/${encodeURIComponent(sub)}`;
}

/** Returns the storage key of the list of remembered users. */
export function usersKey(client: ClientKey): string {
  return `users/${client}`;
}

/** Returns the storage key of the default user. New tabs start with this user. */
export function defaultUserKey(client: ClientKey): string {
  return `default/${client}`;
}

/**
 * Returns the `sessionStorage` key under which this tab stores its user. The prefix `latchkey/` avoids conflicts with other
 * code.
 */
export function activeUserKey(client: ClientKey): string {
  return `latchkey/active/${client}`;
}

/**
 * Returns the `sessionStorage` key under which this tab stores its login marks. A login mark is a record of a login or logout
 * of this tab.
 */
export function loginMarksKey(client: ClientKey): string {
  return `latchkey/logins/${client}`;
}

/**
 * Returns the name of a lock that protects new logins. When a server revokes a refresh token of a user, it might also end a new
 * login of this user. So Latchkey holds the lock while it revokes a token. A login waits for the lock before it navigates.
 */
export function revokeLock(client: ClientKey): string {
  return `revoke/${client}`;
}

/**
 * A text that identifies a client: the issuer and the client id. Storage keys, channel names and lock names contain this text.
 */
export type ClientKey = string;

/**
 * Encodes a text as a part of a key. `encodeURIComponent()` throws for a text with a lone surrogate. Such a text is encoded as
 * JSON, after a `%`.
 */
export function encodeKey(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return `%${encodeURIComponent(JSON.stringify(text))}`;
  }
}

/**
 * Decodes a text that `encodeKey()` encoded.
 * @throws URIError or SyntaxError `encodeKey()` did not encode `code`
 */
export function decodeKey(code: string): string {
  return code.startsWith("%%")
    ? (JSON.parse(decodeURIComponent(code.slice(1))) as string)
    : decodeURIComponent(code);
}

/**
 * Returns the key of a client.
 * @example
 * const client = clientKey("https://id.example.com", "web");
 */
export function clientKey(issuer: string, clientId: string): ClientKey {
  return `${encodeKey(issuer)},${encodeKey(clientId)}`;
}

/** Returns the storage key of a user's session. If `sub` is empty, returns the common prefix of the client's session keys. */
export function sessionKey(client: ClientKey, sub: string): string {
  return `session/${client}/${encodeKey(sub)}`;
}

/** Returns the storage key of the list of remembered users. */
export function usersKey(client: ClientKey): string {
  return `users/${client}`;
}

/** Returns the storage key of the default user, the user with whom new tabs start. */
export function defaultUserKey(client: ClientKey): string {
  return `default/${client}`;
}

/** Returns the `sessionStorage` key under which this tab stores its user. */
export function activeUserKey(client: ClientKey): string {
  return `latchkey/active/${client}`;
}

/** Returns the `sessionStorage` key of the login marks. A login mark is a record of a login or logout in this tab. */
export function loginMarksKey(client: ClientKey): string {
  return `latchkey/logins/${client}`;
}

/**
 * Returns the name of the lock that Latchkey holds while it revokes a refresh token. A login waits for this lock before it
 * navigates, because a server might end a new login together with a revoked token.
 */
export function revokeLock(client: ClientKey): string {
  return `revoke/${client}`;
}

/** Returns the name of the lock of a refresh attempt. The tab that sends the requests of the attempt holds this lock. */
export function ownerLock(attemptId: string): string {
  return `own/${attemptId}`;
}

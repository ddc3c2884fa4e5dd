import type { ClientKey } from "./keys.ts";

/**
 * Returns the tag of a client, a short hash that is not secret. The `state` parameter of an authorization request is
 * `<tag>.<id>`. The id of the pending request is random and has 256 bits. No character of `state` needs encoding in a URL.
 */
export function clientTag(client: ClientKey): string {
  let hash = 7;
  for (const character of client) hash = Math.imul(hash, 31) + character.charCodeAt(0);
  return (hash >>> 0).toString(36);
}

/**
 * Whether `state` has the form of a `state` parameter of this client. Returns false for the `state` of another client or of
 * other code.
 */
export function isStateOf(client: ClientKey, state: string): boolean {
  return new RegExp(`^${clientTag(client)}\\.[\\w-]{43}$`).test(state);
}

import type { ClientKey } from "./keys.ts";

/**
 * Returns the tag of a client. The `state` of an authorization request is `<tag>.<id>.<secret>`: the id of the pending request
 * and its secret have 128 bits each. No character needs encoding in a URL. The tag is not secret.
 */
export function clientTag(client: ClientKey): string {
  let hash = 7;
  for (const character of client) hash = Math.imul(hash, 31) + character.charCodeAt(0);
  return (hash >>> 0).toString(36);
}

/** Whether `state` has the form of this client's. False for another client, and for other code that uses the parameter. */
export function isStateOf(client: ClientKey, state: string): boolean {
  return new RegExp(`^${clientTag(client)}(\\.[\\w-]{22}){2}$`).test(state);
}

import type { ClientKey } from "./keys.ts";

/**
 * Names a client in the `state` of its authorization requests, which is `<tag>.<id>.<secret>`: the name of the pending request
 * and its secret, of 128 bits each. No character of it needs encoding in a URL. The tag is no secret.
 */
export function clientTag(client: ClientKey): string {
  let hash = 7;
  for (const character of client) hash = Math.imul(hash, 31) + character.charCodeAt(0);
  return (hash >>> 0).toString(36);
}

/** False for the `state` of another client, and of anybody else who uses this parameter. */
export function isStateOf(client: ClientKey, state: string): boolean {
  return new RegExp(`^${clientTag(client)}(\\.[\\w-]{22}){2}$`).test(state);
}

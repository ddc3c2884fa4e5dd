import type { ClientKey } from "./keys.ts";

/**
 * Returns the tag of a client: a short hash that is not secret. The `state` parameter of an authorization request is
 * `<tag>.<id>.<secret>`. The id and the secret are random and have 128 bits each.
 */
export function clientTag(client: ClientKey): string {
  let hash = 7;
  for (const character of client) hash = Math.imul(hash, 31) + character.charCodeAt(0);
  return (hash >>> 0).toString(36);
}

/** Whether `state` has the form of the `state` parameter that Latchkey sends for this client. */
export function isStateOf(client: ClientKey, state: string): boolean {
  return new RegExp(`^${clientTag(client)}\\.[\\w-]{43}$`).test(state);
}

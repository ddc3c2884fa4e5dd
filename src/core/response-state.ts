import type { ClientKey } from "./keys.ts";

/** The two random parts of a `state`: the pending request's name, and its secret. */
export interface ResponseState {
  readonly id: string;
  readonly secret: string;
}

const FORM = /^([\da-z]+)\.([\w-]{22})\.([\w-]{22})$/;

/** The `state` of an authorization request. It names the client, and has no character that needs encoding in a URL. */
export function formatState(client: ClientKey, { id, secret }: ResponseState): string {
  return `${clientTag(client)}.${id}.${secret}`;
}

/** Undefined for a `state` of another client, and of anybody else who uses this parameter. */
export function parseState(client: ClientKey, state: string | null): ResponseState | undefined {
  const [, tag, id, secret] = FORM.exec(state ?? "") ?? [];
  return id && secret && tag === clientTag(client) ? { id, secret } : undefined;
}

/** FNV-1a, 32 bits. It keeps clients apart and is no secret. */
function clientTag(client: ClientKey): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < client.length; i++) {
    hash = Math.imul(hash ^ client.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0).toString(36);
}

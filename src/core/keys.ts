/** `<client>` in keys, channel and lock names: an issuer and our registration there. */
export type ClientKey = string;

export function clientKey(issuer: string, clientId: string): ClientKey {
  return `${encodeURIComponent(issuer)},${encodeURIComponent(clientId)}`;
}

export function sessionKey(client: ClientKey, sub: string): string {
  return `session/${client}/${encodeURIComponent(sub)}`;
}

export function defaultUserKey(client: ClientKey): string {
  return `default/${client}`;
}

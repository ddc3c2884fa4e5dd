/** Which access token is wanted. Nothing given: as at login. @see RFC 8707 */
export interface Want {
  readonly scope?: readonly string[];
  readonly resource?: string;
  readonly audience?: string;
}

/** A `Want` as the key of a session's `access` maps: equal wants have equal keys. */
export type WantKey = string;

/** The want of `getToken()` without arguments: as at login. */
export const USUAL_WANT: WantKey = wantKey({});

export function wantKey({
  resource = "",
  audience = "",
  scope = [],
}: { readonly [name in keyof Want]: Want[name] | undefined }): WantKey {
  return JSON.stringify([resource, audience, [...new Set(scope)].sort().join(" ")]);
}

export function parseWantKey(key: WantKey): Required<Want> {
  const [resource, audience, scope] = JSON.parse(key) as [string, string, string];
  return { resource, audience, scope: scope === "" ? [] : scope.split(" ") };
}

/** Which access token is wanted. Nothing given: as at login. @see RFC 8707 */
export interface TokenTarget {
  readonly scope?: readonly string[];
  readonly resource?: string;
  readonly audience?: string;
}

/** A `TokenTarget` as the key of a session's `access` maps: equal wants have equal keys. */
export type TargetKey = string;

/** The want of `getToken()` without arguments: as at login. */
export const DEFAULT_TARGET: TargetKey = targetKey({});

export function targetKey({
  resource = "",
  audience = "",
  scope = [],
}: { readonly [name in keyof TokenTarget]: TokenTarget[name] | undefined }): TargetKey {
  return JSON.stringify([resource, audience, [...new Set(scope)].sort().join(" ")]);
}

export function parseTargetKey(key: TargetKey): Required<TokenTarget> {
  const [resource, audience, scope] = JSON.parse(key) as [string, string, string];
  return { resource, audience, scope: scope === "" ? [] : scope.split(" ") };
}

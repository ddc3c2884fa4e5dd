/**
 * Says which access token a caller needs. If `scope`, `resource` and `audience` are all absent, the target is the default
 * target. For the default target, the token is the access token of a login without these three members.
 * @see https://www.rfc-editor.org/rfc/rfc8707
 */
export interface TokenTarget {
  readonly scope?: readonly string[];
  /** The API, as an absolute URI. */
  readonly resource?: string;
  /** The API, for servers that have the parameter `audience` instead of `resource`. */
  readonly audience?: string;
}

/** The key of a `TokenTarget` in a session's `access` maps. Equal targets have equal keys. */
export type TargetKey = string;

/** The key of the default target, which `getToken()` without arguments requests. */
export const DEFAULT_TARGET: TargetKey = targetKey({});

/** Returns the key of a target. The order of its scopes does not matter. */
export function targetKey({
  resource = "",
  audience = "",
  scope = [],
}: { readonly [name in keyof TokenTarget]: TokenTarget[name] | undefined }): TargetKey {
  return JSON.stringify([resource, audience, [...new Set(scope)].sort().join(" ")]);
}

/** Returns the target of a key. Absent members are empty. Throws when `key` is not a target key. */
export function parseTargetKey(key: TargetKey): Required<TokenTarget> {
  const [resource, audience, scope] = JSON.parse(key) as [string, string, string];
  return { resource, audience, scope: scope === "" ? [] : scope.split(" ") };
}

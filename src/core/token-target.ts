/**
 * Says which access token a caller needs. The empty target is the default target: the access token that a login without scope,
 * resource and audience returns.
 * @see https://www.rfc-editor.org/rfc/rfc8707
 */
export interface TokenTarget {
  readonly scope?: readonly string[];
  /** The API, as an absolute URI. */
  readonly resource?: string;
  /** The API, for servers with the parameter `audience` instead of `resource`. */
  readonly audience?: string;
}

/** A `TokenTarget` as a string. Equal targets have equal keys. */
export type TargetKey = string;

/** The key of the default target. `getToken()` without arguments requests a token for this target. */
export const DEFAULT_TARGET: TargetKey = targetKey({});

/** Returns the key of a target. The order of the scopes does not matter. */
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

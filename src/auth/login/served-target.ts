import type { TokenSet } from "../../core/token-set.ts";
import type { TokenTarget } from "../../core/token-target.ts";

/** A `TokenTarget` whose members can be undefined. */
export type LooseTarget = { readonly [name in keyof TokenTarget]: TokenTarget[name] | undefined };

/** The target that the token of a login can be used for. */
export interface ServedTarget {
  readonly target: LooseTarget;
  /**
   * All requested scopes if the server granted none of them, or else an empty array. In the first case, `target` has no scope.
   */
  readonly missing: readonly string[];
}

/**
 * Returns the target that the token of a login can be used for. This is the requested target, or the same target without scopes
 * if the server granted none of the requested scopes. A server might spell a scope differently: `email` as
 * `https://api.example/auth/userinfo.email`, or `api://x/read` as `read`.
 */
export function servedTarget(
  asked: LooseTarget,
  { scope: granted }: Pick<TokenSet, "scope">,
): ServedTarget {
  const { scope = [], resource, audience } = asked;
  const rest = { resource, audience };
  const isServed =
    scope.length === 0 || scope.some((one) => granted.some((other) => isSpelling(one, other)));
  return isServed ? { target: { ...rest, scope }, missing: [] } : { target: rest, missing: scope };
}

function isSpelling(a: string, b: string): boolean {
  return a === b || isSuffix(a, b) || isSuffix(b, a);
}

function isSuffix(short: string, long: string): boolean {
  return ["/", ".", ":"].some((separator) => long.endsWith(separator + short));
}

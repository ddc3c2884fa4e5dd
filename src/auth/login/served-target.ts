import type { TokenSet } from "../../core/token-set.ts";
import type { TokenTarget } from "../../core/token-target.ts";

/** A target whose members may be undefined. */
export type LooseTarget = { readonly [name in keyof TokenTarget]: TokenTarget[name] | undefined };

/** The target that a login's token serves. */
export interface ServedTarget {
  readonly target: LooseTarget;
  /** The requested scopes, if the server granted none of them. The token then does not serve the requested target. */
  readonly missing: readonly string[];
}

/**
 * Returns the target that a login's token serves. It is the requested one, unless the server granted none of its scopes. A
 * server may spell a scope differently: `email` as `https://api.example/auth/userinfo.email`, or `api://x/read` as `read`.
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

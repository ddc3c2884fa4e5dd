import { isAnyGranted } from "../../core/scope-spelling.ts";
import type { TokenSet } from "../../core/token-set.ts";
import type { TokenTarget } from "../../core/token-target.ts";

/** A `TokenTarget` whose members can be undefined. */
export type LooseTarget = { readonly [name in keyof TokenTarget]: TokenTarget[name] | undefined };

/** The target (scope, resource and audience) for which the token of a login can be used. */
export interface ServedTarget {
  readonly target: LooseTarget;
  /** The requested scopes if the server granted none of them, or else an empty array. */
  readonly missing: readonly string[];
}

/**
 * Returns the target for which the token of a login can be used.
 * - If the server granted at least one of the requested scopes, or if no scope was requested: the requested target.
 * - If the server granted none of the requested scopes: the requested target without its scopes.
 */
export function servedTarget(
  asked: LooseTarget,
  { scope: granted }: Pick<TokenSet, "scope">,
): ServedTarget {
  const { scope = [], resource, audience } = asked;
  const rest = { resource, audience };
  const isServed = isAnyGranted(scope, granted);
  return isServed ? { target: { ...rest, scope }, missing: [] } : { target: rest, missing: scope };
}

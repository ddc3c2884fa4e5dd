import type { AuthState } from "../../core/auth.ts";
import { isAuthError } from "../../core/errors.ts";
import type { Clock } from "../../core/ports.ts";
import type { User } from "../../core/user.ts";
import { isDead, type HeldToken } from "./cached-token.ts";

/** Of a session that did not end, or of nobody. `error`: why there is nobody. */
export function stateOf(
  user: User | undefined,
  held: HeldToken | undefined,
  clock: Clock,
  error: unknown,
): AuthState {
  if (!user || !held) return { status: "anonymous", ...(isAuthError(error) && { error }) };
  const token = held.summary;
  const freshness = isDead(held, clock) ? "stale" : "fresh";
  return { status: "authenticated", user, freshness, token };
}

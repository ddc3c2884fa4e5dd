import type {
  AnonymousReason,
  AuthenticatedReason,
  AuthState,
  AuthStatus,
} from "../../core/auth-state.ts";
import {
  isAuthError,
  RefreshTokenError,
  type RefreshTokenFacts,
  type RefreshTokenReason,
} from "../../core/errors.ts";
import type { Clock } from "../../core/ports.ts";
import type { SessionRow } from "../../core/session.ts";
import type { User } from "../../core/user.ts";
import { isExpired, type CachedToken } from "./cached-token.ts";

/**
 * Returns the state of a tab that has `user` and the token `cached`. If the token has expired and only a login can get a newer
 * one, the state is `expired`. Without a user or a token, the state is `anonymous` because of `reason`. Only an error that
 * Latchkey threw becomes part of the state.
 */
export function stateOf(
  user: User | undefined,
  cached: CachedToken | undefined,
  clock: Clock,
  { reason, error }: { readonly reason: AnonymousReason; readonly error: unknown },
): AuthStatus {
  if (!user || !cached)
    return { status: "anonymous", reason, ...(isAuthError(error) && { error }) };
  const { summary: token } = cached;
  const isOld = isExpired(cached, clock);
  if (isOld && !token.isRenewable) return needsLogin("not_renewable", user);
  const freshness = isOld ? "stale" : "fresh";
  return { status: "authenticated", reason: cached.reason, user, freshness, token };
}

/** Returns the state of a user who must log in again. `facts`: the server's refusal, or the invalid claim of an ID token. */
export function needsLogin(
  reason: RefreshTokenReason,
  user: User | undefined,
  facts?: RefreshTokenFacts,
): AuthStatus {
  const hasDetails = facts !== undefined || reason === "not_renewable";
  return {
    status: "expired",
    reason,
    ...(user && { user }),
    ...(hasDetails && { error: new RefreshTokenError(reason, facts) }),
  };
}

/** Returns the remembered user of an ended session. The row has no claims of this user any more. */
export function rememberedUser(
  sub: string | undefined,
  row: SessionRow | undefined,
): User | undefined {
  if (sub === undefined || !row?.remembered) return undefined;
  const { name, email, picture } = row.remembered;
  return {
    sub,
    ...(name !== undefined && { name }),
    ...(email !== undefined && { email }),
    ...(picture !== undefined && { picture }),
    claims: { sub },
  };
}

/**
 * Returns why no user is signed in. `row`: the session that this tab has just read from the store because of `reason`.
 * `before`: the published state. `hadUser`: this tab had a user before.
 */
export function whyAnonymous(
  row: SessionRow | undefined,
  reason: AuthenticatedReason,
  { before, hadUser }: { readonly before: AuthState; readonly hadUser: boolean },
): AnonymousReason {
  const known = before.status === "anonymous" ? before.reason : undefined;
  if (!row) return hadUser || known === "forgotten" ? "forgotten" : "none";
  if (row.end?.reason !== "logged_out") return "none";
  const isElsewhere = reason === "other_tab" || known === "logged_out_elsewhere";
  return isElsewhere ? "logged_out_elsewhere" : "logged_out";
}

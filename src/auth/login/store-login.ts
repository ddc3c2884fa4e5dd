import { sessionKey } from "../../core/keys.ts";
import { chunk } from "../../core/lazy.ts";
import { profileOf } from "../../core/remembered-profile.ts";
import type { TokenSet } from "../../core/token-set.ts";
import type { User } from "../../core/user.ts";
import { hasPromisedClaims } from "../../core/user-claims.ts";
import { parseTargetKey, DEFAULT_TARGET, type TargetKey } from "../../core/token-target.ts";
import { broadcastToTabs, type SessionParts } from "../session/tab-messages.ts";
import type * as MoreLogins from "./more-logins.chunk.ts";
import type { UserParts } from "../users/fetch-user.ts";
import {
  NO_CHANGE,
  type RememberedProfile,
  type SessionRow,
  type TokenRecord,
  isNewer,
  newerVersion,
} from "../../core/session.ts";

/** The objects that `storeLogin()` uses. */
export interface StoreLoginParts extends SessionParts, UserParts {}

/** Loads the code for custom grants, silent logins and user fetchers. */
export const loadMore = (): Promise<typeof MoreLogins> => chunk(import("./more-logins.chunk.ts"));

/** Returns the user of a token response. If the response has no user, requests the user with `fetchUser()`. */
export async function userOf(
  parts: UserParts,
  response: TokenSet,
  signal: AbortSignal | undefined,
): Promise<User> {
  return response.user?.sub ? response.user : (await loadMore()).fetchUser(parts, response, signal);
}

/**
 * Stores the tokens of a login as the session of `user`, and returns `user`. Stores the access token both for `target` and for
 * `alsoFor`. New tabs then start with the user `byDefault`.
 */
export async function storeLogin(
  parts: StoreLoginParts,
  response: TokenSet,
  user: User,
  target: TargetKey = DEFAULT_TARGET,
  alsoFor: TargetKey = DEFAULT_TARGET,
  byDefault: string = user.sub,
): Promise<User> {
  const { client, sessions, users, random, clock } = parts;
  const { accessToken: token, tokenType, expiresAt, scope } = response;
  const sessionId = random.id();
  const cached = { token, tokenType };
  const named = [parseTargetKey(target).resource, ...(response.resources ?? [])];
  const tokens = await sessions.seal({
    ...recordOf(response, user),
    access: { [alsoFor]: cached, [target]: cached },
  });
  const row = await sessions.update(sessionKey(client, user.sub), (before) => {
    if (isNewer(before)) return NO_CHANGE;
    const generation = (before?.generation ?? 0) + 1;
    const entry = { generation, expiresAt, scope: [...scope], lifetimeMs: expiresAt - clock.now() };
    return {
      ...afterLogin(before, sessionId, response, profileOf(user, clock.now())),
      ...(isComplete(parts, response, user) && { userCheckedAt: clock.now() }),
      generation,
      resources: [...new Set(named.filter((resource) => resource !== ""))],
      refusals: {},
      access: { [alsoFor]: entry, [target]: entry },
      tokens,
    };
  });
  if (isNewer(row)) throw newerVersion();
  await users.putDefault(byDefault);
  broadcastToTabs(parts, user.sub, sessionId, { type: "user", what: "login" });
  return user;
}

/**
 * Returns the session row to store after a login, without the tokens. The new `sessionId` prevents a refresh of the previous
 * session from storing its response.
 */
function afterLogin(
  before: SessionRow | undefined,
  sessionId: string,
  { refreshToken, lifetime: requested = before?.lifetime ?? "remembered" }: TokenSet,
  profile: RememberedProfile,
): Omit<SessionRow, "generation" | "resources" | "refusals" | "access" | "tokens"> {
  const sequence = (before?.sequence ?? 0) + 1;
  // A remembered user stays remembered, even if the login requests another lifetime.
  const lifetime = before?.remembered ? "remembered" : requested;
  // These members belong to the previous tokens. The new ID token is already validated.
  const { signature: _, userCheckedAt: __, uncertain: ___, ...stored } = before ?? {};
  return {
    ...stored,
    version: 2,
    sessionId,
    sequence,
    committedSequence: sequence,
    attempt: null,
    end: null,
    lifetime,
    ...(lifetime === "remembered" && {
      remembered: { ...profile, ...(before?.remembered?.isChosen && { isChosen: true }) },
    }),
    renewable: refreshToken !== undefined,
  };
}

/** Returns true if the server need not be asked for more claims of the user. A `userFetcher` of the app is always asked. */
function isComplete({ userFetcher }: UserParts, response: TokenSet, user: User): boolean {
  if (response.user !== user) return true;
  return !userFetcher && hasPromisedClaims(user.claims, response.scope);
}

function recordOf(response: TokenSet, user: User): Omit<TokenRecord, "access"> {
  const { refreshToken, idToken, authTime } = response;
  return {
    ...(refreshToken !== undefined && { refreshToken }),
    ...(idToken !== undefined && { idToken }),
    idTokenVerified: idToken !== undefined,
    user,
    ...(authTime !== undefined && { authTime }),
  };
}

import { sessionKey } from "../../core/keys.ts";
import { chunk } from "../../core/lazy.ts";
import { profileOf } from "../../core/profile.ts";
import {
  KEEP,
  type RememberedProfile,
  type SessionRow,
  type TokenRecord,
} from "../../core/session.ts";
import { isNewer, newerVersion } from "../../core/session-version.ts";
import type { TokenSet } from "../../core/token-set.ts";
import type { User } from "../../core/user.ts";
import { parseWantKey, USUAL_WANT, type WantKey } from "../../core/want.ts";
import { tellTabs, type SessionDesk } from "../logout/local-logout.ts";
import type * as BeyondLogin from "./more-logins.chunk.ts";
import type { UserDesk } from "../users/fetch-user.ts";

export interface CheckInDesk extends SessionDesk, UserDesk {}

export const loadBeyondLogin = (): Promise<typeof BeyondLogin> =>
  chunk(import("./more-logins.chunk.ts"));

/** Whom tokens are about. Rejects as `fetchUser()` does, when they do not say. */
export async function userOf(
  desk: UserDesk,
  answer: TokenSet,
  signal: AbortSignal | undefined,
): Promise<User> {
  return answer.user?.sub ? answer.user : (await loadBeyondLogin()).fetchUser(desk, answer, signal);
}

/**
 * Stores the answer to a login as the session of the person it is about, beside everybody else's. `want`: what the token is
 * good for, beside what is usual. `byDefault`: whom new tabs are for from now on.
 */
export async function checkIn(
  desk: CheckInDesk,
  answer: TokenSet,
  user: User,
  want: WantKey = USUAL_WANT,
  usual: WantKey = USUAL_WANT,
  byDefault: string = user.sub,
): Promise<User> {
  const { client, sessions, users, random, clock } = desk;
  const { accessToken: token, tokenType, expiresAt, scope } = answer;
  const sid = random.id();
  const held = { token, tokenType };
  const named = [parseWantKey(want).resource, ...(answer.resources ?? [])];
  const tokens = await sessions.seal({
    ...recordOf(answer, user),
    access: { [usual]: held, [want]: held },
  });
  const row = await sessions.update(sessionKey(client, user.sub), (before) => {
    if (isNewer(before)) return KEEP;
    const gen = (before?.gen ?? 0) + 1;
    const entry = { gen, expiresAt, scope: [...scope], lifeMs: expiresAt - clock.now() };
    return {
      ...afterLogin(before, sid, answer, profileOf(user, clock.now())),
      gen,
      resources: [...new Set(named.filter((resource) => resource !== ""))],
      refusals: {},
      access: { [usual]: entry, [want]: entry },
      tokens,
    };
  });
  if (isNewer(row)) throw newerVersion();
  await users.putDefault(byDefault);
  tellTabs(desk, user.sub, sid, { t: "user", what: "login" });
  return user;
}

/** The row after a login: a new `sid` fences every older attempt. */
function afterLogin(
  before: SessionRow | undefined,
  sid: string,
  { refreshToken, keep: wish = before?.keep ?? "device" }: TokenSet,
  profile: RememberedProfile,
): Omit<SessionRow, "gen" | "resources" | "refusals" | "access" | "tokens"> {
  const seq = (before?.seq ?? 0) + 1;
  // Who is remembered stays so.
  const keep = before?.remembered ? "device" : wish;
  // Of the ID token before; a login's is validated before it is stored.
  const { signature: _, ...kept } = before ?? {};
  return {
    ...kept,
    v: 1,
    sid,
    seq,
    cseq: seq,
    att: null,
    end: null,
    keep,
    ...(keep === "device" && { remembered: profile }),
    renewable: refreshToken !== undefined,
  };
}

function recordOf(answer: TokenSet, user: User): Omit<TokenRecord, "access"> {
  const { refreshToken, idToken, authTime } = answer;
  return {
    ...(refreshToken !== undefined && { refreshToken }),
    ...(idToken !== undefined && { idToken }),
    idTokenVerified: idToken !== undefined,
    user,
    ...(authTime !== undefined && { authTime }),
  };
}

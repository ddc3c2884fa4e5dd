import { sessionKey } from "../core/keys.ts";
import { chunk } from "../core/lazy.ts";
import { KEEP, type SessionRow, type TokenRecord } from "../core/session.ts";
import { isNewer, newerVersion } from "../core/session-version.ts";
import type { TokenSet } from "../core/token-set.ts";
import type { User } from "../core/user.ts";
import { USUAL_WANT, type WantKey } from "../core/want.ts";
import { emptySession, tellTabs, type SessionDesk } from "./check-out.ts";
import type * as BeyondLogin from "./beyond-login.ts";
import type { UserDesk } from "./fetch-user.ts";

export interface CheckInDesk extends SessionDesk, UserDesk {}

export const loadBeyondLogin = (): Promise<typeof BeyondLogin> =>
  chunk(import("./beyond-login.ts"));

/** Whom tokens are about. Rejects as `fetchUser()` does, when they do not say. */
export async function userOf(
  desk: UserDesk,
  answer: TokenSet,
  signal: AbortSignal | undefined,
): Promise<User> {
  return answer.user?.sub ? answer.user : (await loadBeyondLogin()).fetchUser(desk, answer, signal);
}

/**
 * Stores the answer to a login as the session of the person it is about, who takes the place of whoever was there. `want`:
 * what the token is good for, beside what is usual.
 */
export async function checkIn(
  desk: CheckInDesk,
  answer: TokenSet,
  user: User,
  want: WantKey = USUAL_WANT,
  usual: WantKey = USUAL_WANT,
): Promise<User> {
  const { client, sessions, users, random, clock } = desk;
  const { accessToken: token, tokenType, expiresAt, scope } = answer;
  const sid = random.id();
  const held = { token, tokenType };
  const tokens = await sessions.seal({
    ...recordOf(answer, user),
    access: { [usual]: held, [want]: held },
  });
  const former = await users.getDefault();
  const row = await sessions.update(sessionKey(client, user.sub), (before) => {
    if (isNewer(before)) return KEEP;
    const gen = (before?.gen ?? 0) + 1;
    const entry = { gen, expiresAt, scope: [...scope], lifeMs: expiresAt - clock.now() };
    return {
      ...afterLogin(before, sid, answer),
      gen,
      access: { [usual]: entry, [want]: entry },
      tokens,
    };
  });
  if (isNewer(row)) throw newerVersion();
  await users.putDefault(user.sub);
  tellTabs(desk, user.sub, sid, { t: "user", what: "login" });
  // One person at a time: nobody could sign out a session that is nobody's default.
  // The login stands whatever becomes of that, and so does one that the other person made meanwhile.
  if (former.sub !== undefined && former.sub !== user.sub) {
    await emptySession(desk, former.sub, former.row?.sid).catch(() => {});
  }
  return user;
}

/** The row after a login: a new `sid` fences every older attempt. */
function afterLogin(
  before: SessionRow | undefined,
  sid: string,
  { refreshToken }: TokenSet,
): Omit<SessionRow, "gen" | "access" | "tokens"> {
  const seq = (before?.seq ?? 0) + 1;
  return {
    ...before,
    v: 1,
    sid,
    seq,
    cseq: seq,
    att: null,
    end: null,
    keep: "device",
    renewable: refreshToken !== undefined,
  };
}

function recordOf(answer: TokenSet, user: User): Omit<TokenRecord, "access"> {
  const { refreshToken, idToken, authTime, tokenEndpoint } = answer;
  return {
    ...(refreshToken !== undefined && { refreshToken }),
    ...(idToken !== undefined && { idToken }),
    idTokenVerified: idToken !== undefined,
    user,
    ...(authTime !== undefined && { authTime }),
    tokenEndpoint,
  };
}

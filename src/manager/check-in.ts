import { sessionKey } from "../core/keys.ts";
import { chunk } from "../core/lazy.ts";
import { KEEP, type SessionRow, type TokenRecord } from "../core/session.ts";
import { isNewer, newerVersion } from "../core/session-version.ts";
import type { TokenSet } from "../core/token-set.ts";
import type { User } from "../core/user.ts";
import { USUAL_WANT, type WantKey } from "../core/want.ts";
import { emptySession, tellTabs, type SessionDesk } from "./check-out.ts";
import type * as FetchUser from "./fetch-user.ts";

export interface CheckInDesk extends SessionDesk, FetchUser.UserDesk {}

export const loadFetchUser = (): Promise<typeof FetchUser> => chunk(import("./fetch-user.ts"));

/** Whom tokens are about. Rejects as `fetchUser()` does, when they do not say. */
export async function userOf(
  desk: FetchUser.UserDesk,
  answer: TokenSet,
  signal: AbortSignal | undefined,
): Promise<User> {
  return answer.user?.sub ? answer.user : (await loadFetchUser()).fetchUser(desk, answer, signal);
}

/**
 * Stores the answer to a login as the session of the person it is about, who takes the place of whoever was there. `want`:
 * what was asked for, when it was not what every login asks for.
 */
export async function checkIn(
  desk: SessionDesk,
  answer: TokenSet,
  user: User,
  want: WantKey = USUAL_WANT,
): Promise<User> {
  const { client, sessions, users, random } = desk;
  const sid = random.id();
  const tokens = await sessions.seal(recordOf(answer, user, want));
  const former = await users.getDefault();
  const row = await sessions.update(sessionKey(client, user.sub), (before) =>
    isNewer(before) ? KEEP : afterLogin(before, { sid, answer, tokens, want }),
  );
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

/** The row after a login: a new `sid` fences every older attempt. `tokens` is the sealed record. */
function afterLogin(
  before: SessionRow | undefined,
  { sid, answer, tokens, want }: { sid: string; answer: TokenSet; tokens: unknown; want: WantKey },
): SessionRow {
  const gen = (before?.gen ?? 0) + 1;
  const seq = (before?.seq ?? 0) + 1;
  return {
    ...before,
    v: 1,
    sid,
    gen,
    seq,
    cseq: seq,
    att: null,
    end: null,
    keep: "device",
    renewable: answer.refreshToken !== undefined,
    access: { [want]: { gen, expiresAt: answer.expiresAt, scope: [...answer.scope] } },
    tokens,
  };
}

function recordOf(answer: TokenSet, user: User, want: WantKey): TokenRecord {
  return {
    ...(answer.refreshToken !== undefined && { refreshToken: answer.refreshToken }),
    ...(answer.idToken !== undefined && { idToken: answer.idToken }),
    idTokenVerified: answer.idToken !== undefined,
    user,
    ...(answer.authTime !== undefined && { authTime: answer.authTime }),
    access: { [want]: { token: answer.accessToken, tokenType: answer.tokenType } },
    tokenEndpoint: answer.tokenEndpoint,
  };
}

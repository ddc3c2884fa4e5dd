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
  const lifeMs = answer.expiresAt - clock.now();
  const each: Each = (entry) => ({ [usual]: entry, [want]: entry });
  const sid = random.id();
  const tokens = await sessions.seal(recordOf(answer, user, each));
  const former = await users.getDefault();
  const row = await sessions.update(sessionKey(client, user.sub), (before) =>
    isNewer(before) ? KEEP : afterLogin(before, { sid, answer, tokens, lifeMs, each }),
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

/** An entry, for each want that the token serves. */
type Each = <T>(entry: T) => Record<WantKey, T>;

/** The row after a login: a new `sid` fences every older attempt. `tokens` is the sealed record. */
function afterLogin(
  before: SessionRow | undefined,
  {
    sid,
    answer,
    tokens,
    lifeMs,
    each,
  }: { sid: string; answer: TokenSet; tokens: unknown; lifeMs: number; each: Each },
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
    access: each({ gen, expiresAt: answer.expiresAt, scope: [...answer.scope], lifeMs }),
    tokens,
  };
}

function recordOf(answer: TokenSet, user: User, each: Each): TokenRecord {
  return {
    ...(answer.refreshToken !== undefined && { refreshToken: answer.refreshToken }),
    ...(answer.idToken !== undefined && { idToken: answer.idToken }),
    idTokenVerified: answer.idToken !== undefined,
    user,
    ...(answer.authTime !== undefined && { authTime: answer.authTime }),
    access: each({ token: answer.accessToken, tokenType: answer.tokenType }),
    tokenEndpoint: answer.tokenEndpoint,
  };
}

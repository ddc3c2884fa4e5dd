import type { SessionRow } from "../core/session.ts";
import type { TokenRecord } from "../core/session.ts";
import type { TokenSet } from "../core/token-set.ts";
import type { User } from "../core/user.ts";
import type { WantKey } from "../core/want.ts";

/** The row after a login: a new `sid` fences every older attempt. `tokens` is the sealed record. */
export function afterLogin(
  before: SessionRow | undefined,
  login: { sid: string; want: WantKey; answer: TokenSet; tokens: unknown },
): SessionRow {
  const { sid, want, answer, tokens } = login;
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

/** The row after a sign-out: fenced as by a login, and without any token. */
export function afterSignOut(before: SessionRow, sid: string): SessionRow {
  const seq = before.seq + 1;
  return {
    ...before,
    sid,
    seq,
    att: null,
    end: { why: "signed_out", seq },
    renewable: false,
    access: {},
    tokens: null,
  };
}

export function loginRecord(want: WantKey, user: User, answer: TokenSet): TokenRecord {
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

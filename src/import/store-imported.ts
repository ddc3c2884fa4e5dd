import { sessionKey } from "../core/keys.ts";
import { KEEP, type SessionRow, type SessionStore, type UserStore } from "../core/session.ts";
import { isNewer } from "../core/session-version.ts";
import type { TokenSet } from "../core/token-set.ts";
import type { User } from "../core/user.ts";
import { checkIn, type CheckInDesk } from "../auth/login/store-login.ts";
import { tellTabs, type SessionDesk } from "../auth/logout/local-logout.ts";

/** Tokens that another SDK got, and whose they are. */
export type TakenTokens = TokenSet & { readonly user: User };

export interface TakeOverDesk extends CheckInDesk {
  readonly users: UserStore;
}

/**
 * Whether another SDK's session must not be stored: somebody's session of ours is live, or the user signed out or was
 * forgotten. What only the server ended needs the user anyway.
 */
export async function standing(desk: TakeOverDesk, sub: string): Promise<boolean> {
  if (stands((await desk.users.getActive()).row)) return true;
  if (stands(await desk.sessions.get(sessionKey(desk.client, sub)))) return true;
  return (await desk.users.people()).isForgotten(sub);
}

function stands(row: SessionRow | undefined): boolean {
  return row !== undefined && (isNewer(row) || !row.end || row.end.why === "signed_out");
}

/**
 * Stores the tokens as a login that gives way to any session of ours: of many tabs at once one stores them.
 * False when one stands.
 */
export async function takeOver(desk: TakeOverDesk, tokens: TakenTokens): Promise<boolean> {
  if (await standing(desk, tokens.user.sub)) return false;
  try {
    await checkIn({ ...desk, sessions: yielding(desk.sessions) }, tokens, tokens.user);
    return true;
  } catch (error) {
    if (error instanceof GaveWay) return false;
    throw error;
  }
}

class GaveWay extends Error {}

/** Judged in the same transaction, whatever was seen before. */
function yielding(sessions: SessionStore): SessionStore {
  return {
    get: (key) => sessions.get(key),
    open: (tokens) => sessions.open(tokens),
    // Nobody here judged it: the next one that comes is.
    seal: (record) => sessions.seal({ ...record, idTokenVerified: false }),
    async update(key, change) {
      let isKept = false;
      const row = await sessions.update(key, (before) => {
        isKept = stands(before);
        return isKept ? KEEP : change(before);
      });
      if (isKept) throw new GaveWay();
      return row;
    },
  };
}

/**
 * Whether the person's session that stands was made of these very tokens: its page died before it was done. Then it is done
 * now, and what the other SDK has may go.
 */
export async function isTakenAlready(
  desk: SessionDesk,
  tokens: Pick<TakenTokens, "accessToken" | "refreshToken" | "user">,
): Promise<boolean> {
  const { client, sessions, users } = desk;
  const { accessToken, refreshToken, user } = tokens;
  const row = await sessions.get(sessionKey(client, user.sub));
  if (!row || isNewer(row) || row.end) return false;
  // In memory mode perhaps nobody has them any more.
  const record = await sessions.open(row.tokens).catch(() => undefined);
  const isSame =
    refreshToken === undefined
      ? Object.values(record?.access ?? {}).some(({ token }) => token === accessToken)
      : record?.refreshToken === refreshToken;
  if (isSame && (await users.getActive()).sub === undefined) {
    await users.putDefault(user.sub);
    tellTabs(desk, user.sub, row.sid, { t: "user", what: "login" });
  }
  return isSame;
}

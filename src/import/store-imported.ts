import { sessionKey } from "../core/keys.ts";
import type { TokenSet } from "../core/token-set.ts";
import type { User } from "../core/user.ts";
import { storeLogin, type StoreLoginParts } from "../auth/login/store-login.ts";
import { broadcastToTabs, type SessionParts } from "../auth/logout/local-logout.ts";
import {
  NO_CHANGE,
  type SessionRow,
  type SessionStore,
  type UserStore,
  isNewer,
} from "../core/session.ts";

/** Tokens that another SDK got, and whose they are. */
export type TakenTokens = TokenSet & { readonly user: User };

export interface StoreImportedParts extends StoreLoginParts {
  readonly users: UserStore;
}

/**
 * Whether another SDK's session must not be stored: somebody's session of ours is live, or the user signed out or was
 * forgotten. What only the server ended needs the user anyway.
 */
export async function cachedRefusal(parts: StoreImportedParts, sub: string): Promise<boolean> {
  if (stands((await parts.users.getActive()).row)) return true;
  if (stands(await parts.sessions.get(sessionKey(parts.client, sub)))) return true;
  return (await parts.users.users()).isForgotten(sub);
}

function stands(row: SessionRow | undefined): boolean {
  return row !== undefined && (isNewer(row) || !row.end || row.end.reason === "logged_out");
}

/**
 * Stores the tokens as a login that gives way to any session of ours: of many tabs at once one stores them.
 * False when one stands.
 */
export async function storeImported(
  parts: StoreImportedParts,
  tokens: TakenTokens,
): Promise<boolean> {
  if (await cachedRefusal(parts, tokens.user.sub)) return false;
  try {
    await storeLogin({ ...parts, sessions: yielding(parts.sessions) }, tokens, tokens.user);
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
        return isKept ? NO_CHANGE : change(before);
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
export async function isImportedAlready(
  parts: SessionParts,
  tokens: Pick<TakenTokens, "accessToken" | "refreshToken" | "user">,
): Promise<boolean> {
  const { client, sessions, users } = parts;
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
    broadcastToTabs(parts, user.sub, row.sessionId, { type: "user", what: "login" });
  }
  return isSame;
}

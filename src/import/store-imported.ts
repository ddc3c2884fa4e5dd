import { sessionKey } from "../core/keys.ts";
import type { TokenSet } from "../core/token-set.ts";
import type { User } from "../core/user.ts";
import { storeLogin, type StoreLoginParts } from "../auth/login/store-login.ts";
import { broadcastToTabs, type SessionParts } from "../auth/session/tab-messages.ts";
import { NO_CHANGE, type SessionRow, type SessionStore, isNewer } from "../core/session.ts";
import type { UserStore } from "../core/user-store.ts";

/** Tokens that another SDK has received from the server, and the user of these tokens. */
export type TakenTokens = TokenSet & { readonly user: User };

/** The objects that `storeImported()` uses. */
export interface StoreImportedParts extends StoreLoginParts {
  readonly users: UserStore;
}

/**
 * Returns true if the other SDK's session must not be imported. This is so in three cases:
 * - This tab's user or the imported user has a Latchkey session that has not ended.
 * - This tab's user or the imported user has logged out of Latchkey.
 * - The app removed the imported user with `auth.forget()` within the last day.
 */
export async function alreadySignedIn(parts: StoreImportedParts, sub: string): Promise<boolean> {
  if (blocksImport((await parts.users.getActive()).row)) return true;
  if (blocksImport(await parts.sessions.get(sessionKey(parts.client, sub)))) return true;
  return (await parts.users.users()).isForgotten(sub);
}

function blocksImport(row: SessionRow | undefined): boolean {
  return row !== undefined && (isNewer(row) || !row.end || row.end.reason === "logged_out");
}

/**
 * Stores the imported tokens like the tokens of a login, and returns true. If a stored session or an earlier logout prevents
 * the import, stores nothing and returns false.
 */
export async function storeImported(
  parts: StoreImportedParts,
  tokens: TakenTokens,
): Promise<boolean> {
  if (await alreadySignedIn(parts, tokens.user.sub)) return false;
  try {
    await storeLogin({ ...parts, sessions: unlessBlocked(parts.sessions) }, tokens, tokens.user);
    return true;
  } catch (error) {
    if (error instanceof ImportBlocked) return false;
    throw error;
  }
}

class ImportBlocked extends Error {}

/**
 * Wraps a session store. If the stored session prevents the import, `update()` writes nothing and rejects with `ImportBlocked`.
 * The check is repeated here, because another tab might have stored a session after `alreadySignedIn()` returned.
 */
function unlessBlocked(sessions: SessionStore): SessionStore {
  return {
    get: (key) => sessions.get(key),
    open: (tokens) => sessions.open(tokens),
    // `idTokenVerified` is false, because Latchkey does not validate the signature of the imported ID token.
    seal: (record) => sessions.seal({ ...record, idTokenVerified: false }),
    async update(key, change) {
      let isBlocked = false;
      const row = await sessions.update(key, (before) => {
        isBlocked = blocksImport(before);
        return isBlocked ? NO_CHANGE : change(before);
      });
      if (isBlocked) throw new ImportBlocked();
      return row;
    },
  };
}

/**
 * Returns true if an earlier import has already stored these tokens. If there is no default user, also makes the imported user
 * the default user, because the page might have closed during the earlier import.
 */
export async function isImportedAlready(
  parts: SessionParts,
  tokens: Pick<TakenTokens, "accessToken" | "refreshToken" | "user">,
): Promise<boolean> {
  const { client, sessions, users } = parts;
  const { accessToken, refreshToken, user } = tokens;
  const row = await sessions.get(sessionKey(client, user.sub));
  if (!row || isNewer(row) || row.end) return false;
  // If the tokens were only in the memory of tabs and these tabs are closed, `open()` rejects.
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

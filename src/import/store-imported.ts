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
 * Returns true if the other SDK's session must not be imported. This is so in these cases:
 * - This tab's user or the imported user has a Latchkey session. A session that the server has ended does not count, because
 *   without the import the user of this session would have to log in again.
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
 * Stores the tokens like the tokens of a login, but never replaces a Latchkey session. If several tabs import at once, only one
 * of them stores its tokens. Returns true if this call stored the tokens.
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
 * Wraps a session store for the import. The `update()` of the wrapper reads the stored session and writes the imported session
 * in one transaction. If the stored session prevents the import, `update()` writes nothing and rejects with `ImportBlocked`.
 * `alreadySignedIn()` is not enough, because another tab might store a session after `alreadySignedIn()` has returned false.
 */
function unlessBlocked(sessions: SessionStore): SessionStore {
  return {
    get: (key) => sessions.get(key),
    open: (tokens) => sessions.open(tokens),
    // `idTokenVerified` is false, because the signature of the imported ID token is never validated. Latchkey validates only
    // the signatures of the ID tokens that later refreshes return.
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
 * Returns true if an earlier import has already stored these tokens. The caller can then remove the other SDK's session.
 *
 * If the page closed during the earlier import, the tokens can be stored although no default user is set. If no default user is
 * set, this function makes the imported user the default user.
 */
export async function isImportedAlready(
  parts: SessionParts,
  tokens: Pick<TakenTokens, "accessToken" | "refreshToken" | "user">,
): Promise<boolean> {
  const { client, sessions, users } = parts;
  const { accessToken, refreshToken, user } = tokens;
  const row = await sessions.get(sessionKey(client, user.sub));
  if (!row || isNewer(row) || row.end) return false;
  // With `persist: "memory"`, `open()` rejects if every tab that had the tokens was closed.
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

import { sessionKey } from "../core/keys.ts";
import type { TokenSet } from "../core/token-set.ts";
import type { User } from "../core/user.ts";
import { storeLogin, type StoreLoginParts } from "../auth/login/store-login.ts";
import { broadcastToTabs, type SessionParts } from "../auth/session/tab-messages.ts";
import { NO_CHANGE, type SessionRow, type SessionStore, isNewer } from "../core/session.ts";
import type { UserStore } from "../core/user-store.ts";

/** Tokens that another SDK obtained, and their user. */
export type TakenTokens = TokenSet & { readonly user: User };

/** What `storeImported()` uses: the parts for storing a login, and the store of users. */
export interface StoreImportedParts extends StoreLoginParts {
  readonly users: UserStore;
}

/**
 * Returns true if another SDK's session must not be stored. This is so if this tab's user or the imported user has a Latchkey
 * session or has logged out, or if the app removed the imported user with `auth.forget()` within the last day. A session that
 * the server ended does not prevent the import, because its user would have to log in anyway.
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
 * of them stores its tokens. Returns false when the tokens must not be stored.
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
 * Wraps a session store. The `update()` of the wrapper checks the session again, in the transaction that writes it, because
 * another tab might have stored a session since the first check.
 */
function unlessBlocked(sessions: SessionStore): SessionStore {
  return {
    get: (key) => sessions.get(key),
    open: (tokens) => sessions.open(tokens),
    // The import does not verify the signature of the ID token. Latchkey only verifies the ID tokens of later refreshes.
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
 * Returns true if an earlier import has already stored these tokens. The page of that import might have closed before the
 * import finished. This function then finishes it: if there is no default user, the imported user becomes the default user.
 * When the result is true, the caller can remove the other SDK's session.
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

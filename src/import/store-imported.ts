import { sessionKey } from "../core/keys.ts";
import type { TokenSet } from "../core/token-set.ts";
import type { User } from "../core/user.ts";
import { storeLogin, type StoreLoginParts } from "../auth/login/store-login.ts";
import { broadcastToTabs, type SessionParts } from "../auth/session/tab-messages.ts";
import {
  NO_CHANGE,
  type SessionRow,
  type SessionStore,
  type UserStore,
  isNewer,
} from "../core/session.ts";

/** Tokens that another SDK obtained, and their user. */
export type TakenTokens = TokenSet & { readonly user: User };

/** The parts that `storeImported()` needs. */
export interface StoreImportedParts extends StoreLoginParts {
  readonly users: UserStore;
}

/**
 * Whether another SDK's session must not be stored: this tab's user or the imported user has a Latchkey session or logged out,
 * or the imported user was forgotten. A session that the server ended does not count: its user would have to log in anyway.
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
 * Stores the tokens like a login, but never replaces a Latchkey session: if several tabs import at once, one stores the tokens.
 * Returns false when a row blocks the import.
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

/** Checks the row again in the transaction that writes it: another tab may have stored a session since the first check. */
function unlessBlocked(sessions: SessionStore): SessionStore {
  return {
    get: (key) => sessions.get(key),
    open: (tokens) => sessions.open(tokens),
    // The import does not verify the ID token. Latchkey verifies the ID token of the next refresh.
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
 * Whether the user's session was imported from these same tokens: the page of that import closed before it finished. Finishes
 * that import. The caller may then remove the other SDK's session.
 */
export async function isImportedAlready(
  parts: SessionParts,
  tokens: Pick<TakenTokens, "accessToken" | "refreshToken" | "user">,
): Promise<boolean> {
  const { client, sessions, users } = parts;
  const { accessToken, refreshToken, user } = tokens;
  const row = await sessions.get(sessionKey(client, user.sub));
  if (!row || isNewer(row) || row.end) return false;
  // With `persist: "memory"` the tokens may be lost, because no tab has them any more.
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

import { ConfigurationError, NoTokenError } from "../../core/errors.ts";
import { IdTokenError } from "../../core/protocol-errors.ts";
import type { Grant, TokenRequest } from "../../core/grant.ts";
import { sessionKey } from "../../core/keys.ts";
import {
  NO_CHANGE,
  type SessionRow,
  type TokenRecord,
  type UserStore,
} from "../../core/session.ts";
import type { TokenSet } from "../../core/token-set.ts";
import type { User } from "../../core/user.ts";
import { DEFAULT_TARGET, targetKey, type TargetKey } from "../../core/token-target.ts";
import { broadcastToTabs, type SessionParts } from "../session/tab-messages.ts";
import { fetchUser, type UserParts } from "../users/fetch-user.ts";
import { assertChosen, assertNotForgotten } from "../session/not-forgotten.ts";
import { unlessLoggedOut } from "./silent-login.ts";

interface StoreParts extends SessionParts, UserParts {
  readonly users: UserStore;
  readonly grant: Grant;
}

/** Stores the answer to a login: for `target`, and in place of what is usual for `usual`. `byDefault`: the default user afterwards. */
type StoreLogin = (
  parts: StoreParts,
  response: TokenSet,
  user: User,
  target: TargetKey,
  usual: TargetKey,
  byDefault?: string,
) => Promise<unknown>;

export interface StoreOptions {
  /** `request.user`, if anybody, had a session here, of whatever state, when the grant was asked. */
  readonly isKnown: boolean;
}

/**
 * Stores what a grant of the app's own gave without asking a person: beside what the session has, or by `storeLogin` as a new one.
 * Gives whose it is. Rejects as `fetchUser()` does, too.
 * @throws NoTokenError the user signed out or was forgotten, or this tab's user was, and only a login undoes that
 * @throws IdTokenError it is about somebody else
 * @throws ConfigurationError it was exchanged for a token of the session, and would stand in its place
 */
export async function storeGrantTokens(
  parts: StoreParts,
  response: TokenSet,
  request: TokenRequest,
  storeLogin: StoreLogin,
  { isKnown }: StoreOptions,
): Promise<string> {
  const user = await fetchUser(parts, response, request.signal);
  if (request.user === undefined) await assertChosen(parts, user.sub);
  try {
    return await store(parts, { ...response, user }, request, storeLogin, { isKnown });
  } catch (error) {
    // The user left. What is refused here must not stay in a cache of the grant either.
    if (error instanceof NoTokenError) await parts.grant.removeUser?.(user.sub).catch(() => {});
    throw error;
  }
}

async function store(
  parts: StoreParts,
  response: TokenSet & { readonly user: User },
  request: TokenRequest,
  storeLogin: StoreLogin,
  { isKnown }: StoreOptions,
): Promise<string> {
  const { user } = response;
  if (request.user !== undefined && user.sub !== request.user) {
    throw new IdTokenError("sub", "the grant answered about somebody else", {
      hint: "A grant that is asked for the token of `request.user` must give that person's.",
    });
  }
  const { client, sessions, users } = parts;
  const target = targetKey(request);
  const key = sessionKey(client, user.sub);
  const left = new NoTokenError("signed out");
  for (;;) {
    const active = await users.getActive();
    const isActive = active.sub === user.sub;
    const row = isActive ? active.row : await sessions.get(key);
    const isAsked = isActive || request.user === user.sub;
    const validated = isAsked ? row : active.row;
    if ((isKnown && request.user !== undefined && !row) || validated?.end?.reason === "logged_out")
      throw left;
    if (!row) await assertNotForgotten(parts, user.sub);
    const isTheirs = row && !row.end;
    if (isTheirs && response.issuedTokenType !== undefined) {
      throw new ConfigurationError(
        "grant",
        "what it exchanges would take the place of the session's own token",
        "Give a tokenManager() this provider instead: new TokenExchangeGrant(new AuthGrant(auth), server).",
      );
    }
    // In memory mode perhaps no tab has its tokens any more.
    const record = isTheirs && (await sessions.open(row.tokens).catch(unlessLost));
    // For one API it is the grant's own business: the session keeps its refresh token.
    const isLogin = response.refreshToken !== undefined && target === DEFAULT_TARGET;
    if (!record || isLogin) {
      const guarded = { ...parts, sessions: unlessLoggedOut(sessions, () => row, left) };
      await storeLogin(guarded, response, user, target, target, active.sub);
      return user.sub;
    }
    if (await storeBeside(parts, { row, record, response, user, target })) return user.sub;
  }
}

/** False: the row is another one by now. */
async function storeBeside(
  parts: StoreParts,
  seen: { row: SessionRow; record: TokenRecord; response: TokenSet; user: User; target: TargetKey },
): Promise<boolean> {
  const { sessions, client, clock } = parts;
  const { row: before, record, response, user, target } = seen;
  const { accessToken, tokenType, expiresAt, scope } = response;
  const lifetimeMs = Math.max(0, expiresAt - clock.now());
  const tokens = await sessions.seal({
    ...record,
    access: { ...record.access, [target]: { token: accessToken, tokenType } },
  });
  const generation = before.generation + 1;
  const row = await sessions.update(sessionKey(client, user.sub), (row) =>
    row?.sessionId === before.sessionId &&
    row.generation === before.generation &&
    row.signature === before.signature &&
    !row.end
      ? {
          ...row,
          generation,
          access: {
            ...row.access,
            [target]: { generation, expiresAt, scope: [...scope], lifetimeMs },
          },
          tokens,
        }
      : NO_CHANGE,
  );
  if (row?.access[target]?.generation !== generation || row.sessionId !== before.sessionId)
    return false;
  broadcastToTabs(parts, user.sub, row.sessionId, {
    type: "done",
    generation,
    sequence: row.committedSequence,
    target,
  });
  return true;
}

function unlessLost(error: unknown): undefined {
  if (!(error instanceof NoTokenError)) throw error;
}

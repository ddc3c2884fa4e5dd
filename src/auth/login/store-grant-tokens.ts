import { completeTokens } from "../../core/complete-tokens.ts";
import { ConfigurationError, NoTokenError } from "../../core/errors.ts";
import { IdTokenError } from "../../core/protocol-errors.ts";
import type { Grant, TokenRequest } from "../../core/grant.ts";
import { sessionKey } from "../../core/keys.ts";
import { NO_CHANGE, type SessionRow, type TokenRecord } from "../../core/session.ts";
import type { UserStore } from "../../core/user-store.ts";
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

type StoreLogin = (
  parts: StoreParts,
  response: TokenSet,
  user: User,
  target: TargetKey,
  alsoFor: TargetKey,
  byDefault?: string,
) => Promise<unknown>;

/** The options of `storeGrantTokens()`. */
export interface StoreOptions {
  /** True if the user `request.user` had a stored session when the grant was called. The session might have ended. */
  readonly isKnown: boolean;
}

/**
 * Stores tokens that a custom grant returned without a login. Returns the tokens, with default values for missing members, and
 * the `sub` of the tokens' user.
 * - If the user has no session, `storeLogin` stores the tokens as a new session.
 * - If the request had no scope, resource and audience, and the tokens include a refresh token, a new session replaces the
 *   stored session.
 * - In all other cases, the access token is added to the stored session.
 *
 * Also rejects with the errors of `fetchUser()`.
 * @throws NoTokenError the user has logged out or was forgotten, or this tab has no user after `forget()`
 * @throws RequestTokenError `accessToken` is missing, or another member is invalid. The message names the member
 * @throws IdTokenError the tokens belong to another user than `request.user`
 * @throws ConfigurationError the grant returned an exchanged token. This token would replace the session's own access token
 */
export async function storeGrantTokens(
  parts: StoreParts,
  given: TokenSet,
  request: TokenRequest,
  storeLogin: StoreLogin,
  { isKnown }: StoreOptions,
): Promise<{ readonly sub: string; readonly tokens: TokenSet }> {
  const tokens = completeTokens(given, request, { now: parts.clock.now() });
  const user = await fetchUser(parts, tokens, request.signal);
  if (request.user === undefined) await assertChosen(parts, user.sub);
  try {
    const sub = await store(parts, { ...tokens, user }, request, storeLogin, { isKnown });
    return { sub, tokens };
  } catch (error) {
    // The user is logged out, so the grant must delete these tokens from its own cache, too.
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
    throw new IdTokenError("sub", "the grant returned tokens of another user than request.user", {
      hint: "In the grant, return tokens of request.user or throw a NoTokenError.",
    });
  }
  const { client, sessions, users } = parts;
  const target = targetKey(request);
  const key = sessionKey(client, user.sub);
  const loggedOut = new NoTokenError("the user logged out while the tokens were requested");
  for (;;) {
    const active = await users.getActive();
    const isActive = active.sub === user.sub;
    const row = isActive ? active.row : await sessions.get(key);
    const isAsked = isActive || request.user === user.sub;
    const validated = isAsked ? row : active.row;
    if ((isKnown && request.user !== undefined && !row) || validated?.end?.reason === "logged_out")
      throw loggedOut;
    if (!row) await assertNotForgotten(parts, user.sub);
    const isTheirs = row && !row.end;
    if (isTheirs && response.issuedTokenType !== undefined) {
      throw new ConfigurationError(
        "grant",
        "the grant returned an exchanged token, which would replace the session's own access token",
        "Exchange tokens in createTokenManager(). Its provider can be new TokenExchangeGrant(new AuthGrant(auth), server).",
      );
    }
    // With `persist: "memory"`, only open tabs have the stored tokens. If no open tab has the tokens, `record` is undefined.
    const record = isTheirs && (await sessions.open(row.tokens).catch(unlessLost));
    // A refresh token for the default target starts a new session. A refresh token for another target does not replace the
    // session's own refresh token.
    const isLogin = response.refreshToken !== undefined && target === DEFAULT_TARGET;
    if (!record || isLogin) {
      const guarded = { ...parts, sessions: unlessLoggedOut(sessions, () => row, loggedOut) };
      await storeLogin(guarded, response, user, target, target, active.sub);
      return user.sub;
    }
    if (await storeBeside(parts, { row, record, response, user, target })) return user.sub;
  }
}

/**
 * Adds the access token to the stored session and returns true. If the session has changed since `row` was read, changes
 * nothing and returns false.
 */
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

import { ConfigurationError, IdTokenError, NoTokenError } from "../../core/errors.ts";
import type { Grant, TokenRequest } from "../../core/grant.ts";
import { sessionKey } from "../../core/keys.ts";
import { KEEP, type SessionRow, type TokenRecord, type UserStore } from "../../core/session.ts";
import type { TokenSet } from "../../core/token-set.ts";
import type { User } from "../../core/user.ts";
import { USUAL_WANT, wantKey, type WantKey } from "../../core/want.ts";
import { tellTabs, type SessionDesk } from "../logout/local-logout.ts";
import { fetchUser, type UserDesk } from "../users/fetch-user.ts";
import { assertChosen, assertNotForgotten } from "../session/not-forgotten.ts";
import { unlessLeft } from "./unless-logged-out.ts";

interface KeepDesk extends SessionDesk, UserDesk {
  readonly users: UserStore;
  readonly grant: Grant;
}

/** Stores the answer to a login: for `want`, and in place of what is usual for `usual`. `byDefault`: the default user afterwards. */
type CheckIn = (
  desk: KeepDesk,
  answer: TokenSet,
  user: User,
  want: WantKey,
  usual: WantKey,
  byDefault?: string,
) => Promise<unknown>;

export interface KeepOptions {
  /** `request.user`, if anybody, had a session here, of whatever state, when the grant was asked. */
  readonly isKnown: boolean;
}

/**
 * Stores what a grant of the app's own gave without asking a person: beside what the session has, or by `checkIn` as a new one.
 * Gives whose it is. Rejects as `fetchUser()` does, too.
 * @throws NoTokenError the user signed out or was forgotten, or this tab's user was, and only a login undoes that
 * @throws IdTokenError it is about somebody else
 * @throws ConfigurationError it was exchanged for a token of the session, and would stand in its place
 */
export async function keepAnswer(
  desk: KeepDesk,
  answer: TokenSet,
  request: TokenRequest,
  checkIn: CheckIn,
  { isKnown }: KeepOptions,
): Promise<string> {
  const user = await fetchUser(desk, answer, request.signal);
  if (request.user === undefined) await assertChosen(desk, user.sub);
  try {
    return await keep(desk, { ...answer, user }, request, checkIn, { isKnown });
  } catch (error) {
    // The user left. What is refused here must not stay in a cache of the grant either.
    if (error instanceof NoTokenError) await desk.grant.userLeft?.(user.sub).catch(() => {});
    throw error;
  }
}

async function keep(
  desk: KeepDesk,
  answer: TokenSet & { readonly user: User },
  request: TokenRequest,
  checkIn: CheckIn,
  { isKnown }: KeepOptions,
): Promise<string> {
  const { user } = answer;
  if (request.user !== undefined && user.sub !== request.user) {
    throw new IdTokenError("sub", "the grant answered about somebody else", {
      hint: "A grant that is asked for the token of `request.user` must give that person's.",
    });
  }
  const { client, sessions, users } = desk;
  const want = wantKey(request);
  const key = sessionKey(client, user.sub);
  const left = new NoTokenError("signed out");
  for (;;) {
    const active = await users.getActive();
    const isActive = active.sub === user.sub;
    const row = isActive ? active.row : await sessions.get(key);
    const isAsked = isActive || request.user === user.sub;
    const judged = isAsked ? row : active.row;
    if ((isKnown && request.user !== undefined && !row) || judged?.end?.why === "signed_out")
      throw left;
    if (!row) await assertNotForgotten(desk, user.sub);
    const isTheirs = row && !row.end;
    if (isTheirs && answer.issuedTokenType !== undefined) {
      throw new ConfigurationError(
        "grant",
        "what it exchanges would take the place of the session's own token",
        "Give a tokenManager() this provider instead: new TokenExchangeGrant(new AuthGrant(auth), server).",
      );
    }
    // In memory mode perhaps no tab has its tokens any more.
    const record = isTheirs && (await sessions.open(row.tokens).catch(unlessLost));
    // For one API it is the grant's own business: the session keeps its refresh token.
    const isLogin = answer.refreshToken !== undefined && want === USUAL_WANT;
    if (!record || isLogin) {
      const guarded = { ...desk, sessions: unlessLeft(sessions, () => row, left) };
      await checkIn(guarded, answer, user, want, want, active.sub);
      return user.sub;
    }
    if (await keepBeside(desk, { row, record, answer, user, want })) return user.sub;
  }
}

/** False: the row is another one by now. */
async function keepBeside(
  desk: KeepDesk,
  seen: { row: SessionRow; record: TokenRecord; answer: TokenSet; user: User; want: WantKey },
): Promise<boolean> {
  const { sessions, client, clock } = desk;
  const { row: before, record, answer, user, want } = seen;
  const { accessToken, tokenType, expiresAt, scope } = answer;
  const lifeMs = Math.max(0, expiresAt - clock.now());
  const tokens = await sessions.seal({
    ...record,
    access: { ...record.access, [want]: { token: accessToken, tokenType } },
  });
  const gen = before.gen + 1;
  const row = await sessions.update(sessionKey(client, user.sub), (row) =>
    row?.sid === before.sid &&
    row.gen === before.gen &&
    row.signature === before.signature &&
    !row.end
      ? {
          ...row,
          gen,
          access: { ...row.access, [want]: { gen, expiresAt, scope: [...scope], lifeMs } },
          tokens,
        }
      : KEEP,
  );
  if (row?.access[want]?.gen !== gen || row.sid !== before.sid) return false;
  tellTabs(desk, user.sub, row.sid, { t: "done", gen, seq: row.cseq, want });
  return true;
}

function unlessLost(error: unknown): undefined {
  if (!(error instanceof NoTokenError)) throw error;
}

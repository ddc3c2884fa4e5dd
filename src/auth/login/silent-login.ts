import { CancelledError } from "../../core/errors.ts";
import { sessionKey, type ClientKey } from "../../core/keys.ts";
import type { TokenRequest } from "../../core/grant.ts";
import type { RoundTrip } from "../../core/user-agent.ts";
import type { AuthError } from "../../core/auth-error.ts";
import { type SessionStore, NO_CHANGE, type SessionRow } from "../../core/session.ts";
import type { UserStore } from "../../core/user-store.ts";

/** The parts that only a silent login uses. */
export interface SilentLogin {
  /** A store that rejects instead of writing the session of a user who logged out or was forgotten after the login began. */
  readonly sessions: SessionStore;
  /**
   * Returns the `sub` of this tab's user after the login of `sub`. If the tab has switched to another user during the login,
   * that user stays.
   */
  tabOf(sub: string): Promise<string>;
}

/** Prepares a login that the user does not see. A logout or a switch of users during such a login must stay in effect. */
export async function silentLogin(parts: {
  readonly client: ClientKey;
  readonly sessions: SessionStore;
  readonly users: UserStore;
}): Promise<SilentLogin> {
  const { client, sessions, users } = parts;
  const { sub: before } = await users.getActive();
  const known = await (await users.users()).known();
  const keys = known.map((sub) => sessionKey(client, sub));
  const rows = new Map(
    await Promise.all(keys.map(async (key) => [key, await sessions.get(key)] as const)),
  );
  const reason = new CancelledError("the user logged out during the silent login");
  return {
    sessions: unlessLoggedOut(sessions, (key) => rows.get(key), reason),
    async tabOf(sub) {
      const { sub: now = before } = await users.getActive();
      return now === undefined || now === before ? sub : now;
    },
  };
}

/** Whether a login shows nothing to the user. */
export function isSilent(roundTrip: RoundTrip, { prompt }: TokenRequest): boolean {
  return (roundTrip.prompt ?? prompt) === "none";
}

/**
 * Returns a store whose `update()` writes nothing and rejects with `reason` if the user has logged out or was forgotten since a
 * request began. `before` returns the row that was stored when the request began.
 */
export function unlessLoggedOut(
  sessions: SessionStore,
  before: (key: string) => SessionRow | undefined,
  reason: AuthError,
): SessionStore {
  return {
    get: (key) => sessions.get(key),
    seal: (record) => sessions.seal(record),
    open: (tokens) => sessions.open(tokens),
    async update(key, change) {
      let isLoggedOut = false;
      const row = await sessions.update(key, (now) => {
        isLoggedOut = hasLoggedOut(before(key), now);
        return isLoggedOut ? NO_CHANGE : change(now);
      });
      if (isLoggedOut) throw reason;
      return row;
    },
  };
}

function hasLoggedOut(before: SessionRow | undefined, now: SessionRow | undefined): boolean {
  return now
    ? now.end?.reason === "logged_out" && now.sessionId !== before?.sessionId
    : before !== undefined;
}

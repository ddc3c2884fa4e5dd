import { CancelledError } from "../../core/errors.ts";
import { sessionKey, type ClientKey } from "../../core/keys.ts";
import type { TokenRequest } from "../../core/grant.ts";
import type { RoundTrip } from "../../core/user-agent.ts";
import type { AuthError } from "../../core/auth-error.ts";
import { type SessionStore, NO_CHANGE, type SessionRow } from "../../core/session.ts";
import type { UserStore } from "../../core/user-store.ts";

/** The objects that only a silent login uses. A silent login shows nothing to the user. */
export interface SilentLogin {
  /**
   * The session store for this login. If the user has logged out since the login began, `update()` writes nothing and rejects.
   */
  readonly sessions: SessionStore;
  /**
   * Returns the `sub` of this tab's user after the login of the user `sub`. If this tab has switched to another user during the
   * login, returns that user. Otherwise returns `sub`.
   */
  tabOf(sub: string): Promise<string>;
}

/** Prepares a silent login. The login must not undo a logout or a user switch that happens during the login. */
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

/** Returns true if the login is silent: it must not show anything to the user. */
export function isSilent(roundTrip: RoundTrip, { prompt }: TokenRequest): boolean {
  return (roundTrip.prompt ?? prompt) === "none";
}

/**
 * Returns a store that wraps `sessions`. If the user has logged out since the tokens were requested, `update()` writes nothing
 * and rejects with `reason`. `before`: returns the session row from the time of the request.
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

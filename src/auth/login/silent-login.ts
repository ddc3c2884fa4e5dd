import { CancelledError } from "../../core/errors.ts";
import { sessionKey, type ClientKey } from "../../core/keys.ts";
import type { TokenRequest } from "../../core/grant.ts";
import type { RoundTrip } from "../../core/user-agent.ts";
import type { AuthError } from "../../core/auth-error.ts";
import {
  type SessionStore,
  type UserStore,
  NO_CHANGE,
  type SessionRow,
} from "../../core/session.ts";

export interface SilentLogin {
  /** What was signed out, or forgotten, since the login began is not stored again. */
  readonly sessions: SessionStore;
  /** Whom this tab is for when `sub` has signed in: whoever it went over to meanwhile stays. */
  tabOf(sub: string): Promise<string>;
}

/** A login that the person does not see undoes nothing that they did meanwhile. */
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
  const reason = new CancelledError("the person signed out meanwhile");
  return {
    sessions: unlessLoggedOut(sessions, (key) => rows.get(key), reason),
    async tabOf(sub) {
      const { sub: now = before } = await users.getActive();
      return now === undefined || now === before ? sub : now;
    },
  };
}

/** A login that shows nothing to the person. */
export function isSilent(roundTrip: RoundTrip, { prompt }: TokenRequest): boolean {
  return (roundTrip.prompt ?? prompt) === "none";
}

/**
 * Sessions for an answer that nobody saw coming: it changes nothing of whoever signed out, or was forgotten, since it was
 * asked for. `before`: their session as it was then.
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

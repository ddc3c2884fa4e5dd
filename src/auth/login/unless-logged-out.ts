import type { AuthError } from "../../core/auth-error.ts";
import { NO_CHANGE, type SessionRow, type SessionStore } from "../../core/session.ts";

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

import type { AuthError } from "../../core/auth-error.ts";
import { KEEP, type SessionRow, type SessionStore } from "../../core/session.ts";

/**
 * Sessions for an answer that nobody saw coming: it changes nothing of whoever signed out, or was forgotten, since it was
 * asked for. `before`: their session as it was then.
 */
export function unlessLeft(
  sessions: SessionStore,
  before: (key: string) => SessionRow | undefined,
  reason: AuthError,
): SessionStore {
  return {
    get: (key) => sessions.get(key),
    seal: (record) => sessions.seal(record),
    open: (tokens) => sessions.open(tokens),
    async update(key, change) {
      let isLeft = false;
      const row = await sessions.update(key, (now) => {
        isLeft = hasLeft(before(key), now);
        return isLeft ? KEEP : change(now);
      });
      if (isLeft) throw reason;
      return row;
    },
  };
}

function hasLeft(before: SessionRow | undefined, now: SessionRow | undefined): boolean {
  return now ? now.end?.why === "signed_out" && now.sid !== before?.sid : before !== undefined;
}

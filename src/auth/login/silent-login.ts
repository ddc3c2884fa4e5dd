import { CancelledError } from "../../core/errors.ts";
import { sessionKey, type ClientKey } from "../../core/keys.ts";
import type { SessionStore, UserStore } from "../../core/session.ts";
import { unlessLoggedOut } from "./unless-logged-out.ts";
import type { TokenRequest } from "../../core/grant.ts";
import type { RoundTrip } from "../../core/user-agent.ts";

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

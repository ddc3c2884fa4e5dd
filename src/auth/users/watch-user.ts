import type { Auth } from "../../core/auth.ts";
import type { AuthenticatedReason } from "../../core/auth-state.ts";
import { sessionKey, type ClientKey } from "../../core/keys.ts";
import type { Clock } from "../../core/ports.ts";
import type { SessionRow, SessionStore } from "../../core/session.ts";
import { DEFAULT_TARGET } from "../../core/token-target.ts";
import type { ActiveSession } from "../session/active-session.ts";
import type { UserCheck } from "./user-check.ts";

/** The shortest time between two checks of a user when tabs are opened. Milliseconds. */
const OPENED_MS = 3_600_000;
/** The shortest time between two checks of a user after refreshes. Milliseconds. */
const REFRESHED_MS = 86_400_000;

/** The configuration of `watchUser()`. */
export interface WatchUserConfig {
  readonly client: ClientKey;
  readonly sessions: SessionStore;
  readonly clock: Clock;
  /** Loads the object that asks the server for the claims of the user. Absent: the server is not asked. */
  readonly loadUserCheck?: (() => Promise<UserCheck>) | undefined;
}

/**
 * Asks the server for the claims of this tab's user in the background: after a login whose ID token lacks claims, when a tab is
 * opened, and after refreshes. No caller waits for this. Returns a function that ends the watch.
 */
export function watchUser(config: WatchUserConfig, session: ActiveSession): () => void {
  const { client, sessions, clock, loadUserCheck } = config;
  let checked = "";
  const check = async (sub: string, reason: AuthenticatedReason): Promise<void> => {
    const row = await sessions.get(sessionKey(client, sub));
    if (!row || !isDue(row, reason, clock.now())) return;
    const found = await session.find(DEFAULT_TARGET, sub);
    if (!found?.tokens.user || found.condition === "expired") return;
    await (await loadUserCheck!()).check(found.tokens);
    await session.load("stored");
  };
  return session.state.subscribe(() => {
    const state = session.state.get();
    if (!loadUserCheck || state.status !== "authenticated" || state.freshness === "stale") return;
    const { user, reason, token } = state;
    const id = `${user.sub} ${token.expiresAt}`;
    if (id === checked) return;
    checked = id;
    check(user.sub, reason).catch(() => {});
  });
}

/**
 * Requests the claims of this tab's user from the server, and stores the claims. Does nothing if no user is signed in. Rejects
 * with the errors of `getToken()` and of `UserCheck.reload()`.
 */
export async function reloadUser(
  { loadUserCheck }: WatchUserConfig,
  session: ActiveSession,
  getToken: Auth["getToken"],
): Promise<void> {
  if (!loadUserCheck || !session.user) return;
  // The server needs a valid access token.
  await getToken({ prompt: "none" });
  const found = await session.find(DEFAULT_TARGET);
  if (found) await (await loadUserCheck()).reload(found.tokens);
  await session.load("stored");
}

function isDue({ userCheckedAt }: SessionRow, reason: AuthenticatedReason, now: number): boolean {
  if (userCheckedAt === undefined) return true;
  const age = now - userCheckedAt;
  // If the clock was set back, the age is negative.
  return age < 0 || age >= (reason === "stored" ? OPENED_MS : REFRESHED_MS);
}

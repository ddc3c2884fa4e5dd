import type { LogoutOptions, LogoutResult } from "../../core/auth-options.ts";
import { NoTokenError } from "../../core/errors.ts";
import { sessionKey } from "../../core/keys.ts";
import type { RememberedUser } from "../../core/login-prompt.ts";
import { DEFAULT_TARGET } from "../../core/token-target.ts";
import { localLogoutUntold } from "../logout/local-logout.ts";
import { broadcastToTabs } from "../session/tab-messages.ts";
import type { UsersParts } from "../parts.ts";
import { isStillFor, leaveServer, tellServer } from "../logout/server-logout.ts";
import { NO_CHANGE, isNewer, newerVersion } from "../../core/session.ts";
import type { RememberedUsers } from "../../core/user-store.ts";
import type { ActiveSession } from "../session/active-session.ts";
import { otherUser } from "../session/session-reader.ts";

/**
 * Returns the remembered users. In the background, deletes the sessions of users who are not remembered and have no open tab.
 */
export async function listUsers({
  config,
  session,
}: UsersParts): Promise<readonly RememberedUser[]> {
  const stored = await config.users.users();
  const listed = await stored.list();
  void sweep(stored, listed, session).catch(() => {});
  return listed;
}

/** Deletes the sessions of users who are not remembered and have no open tab. */
async function sweep(
  stored: RememberedUsers,
  listed: readonly RememberedUser[],
  session: ActiveSession,
): Promise<void> {
  const remembered = new Set(listed.map(({ sub }) => sub));
  const others = (await stored.known()).filter((sub) => !remembered.has(sub));
  // If no tab of the user is open, `find()` deletes the session.
  await Promise.all(others.map((sub) => session.find(DEFAULT_TARGET, sub)));
}

/** Makes `sub` this tab's user and the default user of new tabs. If the call fails, nothing changes. */
export async function switchUser({ config, session }: UsersParts, sub: string): Promise<void> {
  const { client, sessions, users, clock } = config;
  const { sub: before } = session;
  const stored = await users.users();
  // If the user is not remembered and no tab of the user is open, `find()` deletes the session. Otherwise this tab now holds
  // the user's lock, so no tab deletes the session.
  await session.find(DEFAULT_TARGET, sub);
  const row = await sessions.update(sessionKey(client, sub), (row) =>
    row?.remembered && !isNewer(row)
      ? { ...row, remembered: { ...row.remembered, lastUsedAt: clock.now() } }
      : NO_CHANGE,
  );
  if (isNewer(row)) throw newerVersion();
  if (!row || row.end?.reason === "logged_out") throw noSession();
  const record = row.end ? undefined : await sessions.open(row.tokens);
  if (record && record.user.sub !== sub) throw otherUser();
  try {
    await session.load("switched", undefined, sub);
    // Another tab might have forgotten the user during the load.
    if (!(await stored.putDefault(sub))) throw noSession();
  } catch (error) {
    await session.load("stored", undefined, before).catch(() => {});
    throw error;
  }
}

function noSession(): NoTokenError {
  return new NoTokenError("the user to switch to has no session on this device");
}

/** Deletes all stored data of `sub`, even damaged data, and then tells the server. */
export async function forget(parts: UsersParts, sub: string): Promise<LogoutResult> {
  const { config, session, logins } = parts;
  const { sub: before } = session;
  logins.loggedOut(sub);
  // If the session cannot be read, `localLogoutUntold()` fails. The session is deleted below all the same.
  await localLogoutUntold(config, sub).catch((error: unknown) => {
    config.untold.sessions.set(sub, { error });
  });
  await (await config.users.users()).forget(sub);
  await config.deleteTraces?.(sub);
  broadcastToTabs(config, sub, "", { type: "user", what: "forget" });
  await Promise.all([parts.userRemoval.tell(sub), session.load("stored").catch(() => {})]);
  return leaveServer(parts, sub, before);
}

/**
 * Logs all users out on this device, and then at the server. For this tab's user, the page navigates to the end-session
 * endpoint at the end.
 */
export async function logoutAll(
  parts: UsersParts,
  { parameters }: Pick<LogoutOptions, "parameters"> = {},
): Promise<LogoutResult> {
  const { config, session, logins } = parts;
  const { sub: own } = session;
  const known = await (await config.users.users()).known();
  const others = known.filter((sub) => sub !== own);
  const all = own === undefined ? others : [own, ...others];
  // If the logout of one user fails, the other users are still logged out. The error is thrown at the end.
  for (const sub of all) logins.loggedOut(sub);
  const deleted = await Promise.allSettled(all.map((sub) => localLogoutUntold(config, sub)));
  if (own !== undefined && deleted[0]?.status === "fulfilled") session.clear();
  await Promise.all([
    ...all.map((sub) => parts.userRemoval.tell(sub)),
    session.load("stored").catch(() => {}),
  ]);
  const told = Promise.all(
    others.map((sub) => tellServer(config, sub, { endSession: "none", mayNavigate: () => false })),
  );
  const mayNavigate = () => told.then(() => isStillFor(parts, own));
  const last =
    own === undefined
      ? []
      : [await tellServer(config, own, { mayNavigate, ...(parameters && { parameters }) })];
  const results = [...last, ...(await told)];
  const failed = deleted.find((outcome) => outcome.status === "rejected");
  if (failed) throw failed.reason;
  const missing = [
    ...new Set(
      results.flatMap((result) => (result.server === "told" ? (result.missing ?? []) : [])),
    ),
  ];
  return (
    results.find(({ server }) => server === "not_told") ?? {
      server: "told",
      ...(missing.length > 0 && { missing }),
    }
  );
}

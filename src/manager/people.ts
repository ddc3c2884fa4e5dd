import { NoTokenError } from "../core/errors.ts";
import { sessionKey } from "../core/keys.ts";
import type { RememberedUser } from "../core/login-prompt.ts";
import { KEEP, type People } from "../core/session.ts";
import { isNewer, newerVersion } from "../core/session-version.ts";
import { USUAL_WANT } from "../core/want.ts";
import type { ActiveSession } from "./active-session.ts";
import { checkOut, tellTabs } from "./check-out.ts";
import { otherPerson } from "./other-person.ts";
import type { PeopleDesk } from "./people-desk.ts";
import { leaveServer, signOutAtServer } from "./server-sign-out.ts";

export { tokenAfterLogin } from "./token-after-login.ts";

export async function listUsers({
  config,
  session,
}: PeopleDesk): Promise<readonly RememberedUser[]> {
  const people = await config.users.people();
  const listed = await people.list();
  void sweep(people, listed, session).catch(() => {});
  return listed;
}

/** Who is here and not remembered may be so no more, and perhaps nobody asks for their session ever again. */
async function sweep(
  people: People,
  listed: readonly RememberedUser[],
  session: ActiveSession,
): Promise<void> {
  const remembered = new Set(listed.map(({ sub }) => sub));
  const others = (await people.known()).filter((sub) => !remembered.has(sub));
  // Whoever reads such a session deletes it when no tab stands for it.
  await Promise.all(others.map((sub) => session.find(USUAL_WANT, sub)));
}

/** Makes this tab that of `sub`, and them the default user of tabs to come. When that fails, nothing has changed. */
export async function switchUser({ config, session }: PeopleDesk, sub: string): Promise<void> {
  const { client, sessions, users, clock } = config;
  const { sub: before } = session;
  const people = await users.people();
  // Of a session that was left nothing is there any more; from here on this tab stands for it.
  await session.find(USUAL_WANT, sub);
  const row = await sessions.update(sessionKey(client, sub), (row) =>
    row?.remembered && !isNewer(row)
      ? { ...row, remembered: { ...row.remembered, lastUsedAt: clock.now() } }
      : KEEP,
  );
  if (isNewer(row)) throw newerVersion();
  if (!row || row.end?.why === "signed_out") throw noSession();
  const record = row.end ? undefined : await sessions.open(row.tokens);
  if (record && record.user.sub !== sub) throw otherPerson();
  try {
    await session.load("stored", undefined, sub);
    // Forgotten at this moment.
    if (!(await people.putDefault(sub))) throw noSession();
  } catch (error) {
    await session.load("stored", undefined, before).catch(() => {});
    throw error;
  }
}

function noSession(): NoTokenError {
  return new NoTokenError("this person has no session here");
}

/** Deletes all that is here of `sub`, whatever state it is in, and then tells the server. */
export async function forget(desk: PeopleDesk, sub: string): Promise<void> {
  const { config, session, logins } = desk;
  const { sub: before } = session;
  logins.loggedOut(sub);
  // What cannot be read, or was written by a newer Latchkey, is deleted all the same.
  const left = await checkOut(config, sub).catch(() => undefined);
  await (await config.users.people()).forget(sub);
  tellTabs(config, sub, "", { t: "user", what: "forget" });
  await session.load("this-tab").catch(() => {});
  if (left) await leaveServer(desk, left, before);
}

/** Signs everybody out here, and then tells the server; this tab's person last, whose sign-out may leave the page. */
export async function signOutEverywhere({
  config,
  session,
  logins,
  auth,
}: PeopleDesk): Promise<void> {
  const known = await (await config.users.people()).known();
  const others = known.filter((sub) => sub !== session.sub);
  const mayLeave = () => false;
  // One that a newer Latchkey wrote keeps nobody else here.
  for (const sub of others) logins.loggedOut(sub);
  const left = await Promise.allSettled(others.map((sub) => checkOut(config, sub)));
  const told = left.map(async (outcome) => {
    if (outcome.status !== "fulfilled" || !outcome.value) return;
    await signOutAtServer(outcome.value, config, { endSession: "none", mayLeave });
  });
  const own = session.sub === undefined ? [] : [auth.signOut({ user: session.sub })];
  const outcomes = [...left, ...(await Promise.allSettled(own))];
  await Promise.all(told);
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed) throw failed.reason;
}

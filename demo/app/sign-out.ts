import type { Auth, LogoutResult, RememberedUser } from "../../src/index.ts";

const KEY = "demo/server-user";
/** The stored value after the session at the provider has ended. */
const NOBODY = "";

const ONE_SESSION =
  "The identity provider has only one session in this browser, that of the user who signed in last. This session goes on.";
const NOT_TOLD =
  "The identity provider could not be told. On a shared device, sign out there, too.";

/** The title and the text that the page shows after a logout. */
export interface LogoutNews {
  readonly title: string;
  readonly text: string;
}

/** The members of a user that a logout needs. */
export type LeavingUser = Pick<RememberedUser, "sub" | "name">;

/**
 * Stores who is the user of the provider's session: the user who signed in last in this browser. The provider has only one
 * session in a browser, and does not tell an app whose session it is.
 */
export function noteServerUser(auth: Auth): void {
  let noted: string | undefined;
  const update = (): void => {
    const { state } = auth;
    if (state.status !== "authenticated" || state.reason !== "login") return;
    const login = `${state.user.sub} ${state.token.expiresAt}`;
    // The state also changes when the token of an earlier login expires.
    if (login === noted) return;
    noted = login;
    localStorage.setItem(KEY, state.user.sub);
  };
  auth.subscribe(update);
  update();
}

/** Whether the provider has a session in this browser, as far as the pages of the app know. */
export function hasServerSession(): boolean {
  return (localStorage.getItem(KEY) ?? NOBODY) !== NOBODY;
}

/**
 * Logs `user` out, and no other user. If the provider's session is that of `user`, this page goes to the provider, which ends
 * the session. Otherwise the provider has no session of `user` to end, and the result says so.
 */
export async function signOut(auth: Auth, user: LeavingUser): Promise<LogoutNews | undefined> {
  const title = `${nameOf(user)} is signed out here.`;
  const at = localStorage.getItem(KEY);
  const isServers = at === user.sub;
  const result = isServers
    ? await endServerSession(() => auth.logout({ user: user.sub, endSession: "page" }))
    : await auth.logout({ user: user.sub, endSession: "none" });
  return newsOf(title, result, isServers || at === NOBODY ? undefined : ONE_SESSION);
}

/** Logs every user out. The provider ends its session. */
export async function signOutAll(auth: Auth): Promise<LogoutNews | undefined> {
  const result = await endServerSession(() => auth.logoutAll());
  return newsOf("Every account is signed out here.", result);
}

/**
 * Logs `user` out, and deletes the user from this device. The provider ends its session only for this tab's user: for another
 * user, no ID token is left after the deletion, with which this page could go to the provider.
 */
export async function forget(auth: Auth, user: RememberedUser): Promise<LogoutNews | undefined> {
  const title = `${nameOf(user)} is forgotten here.`;
  const { state } = auth;
  const at = localStorage.getItem(KEY);
  const isServers = at === user.sub;
  if (isServers && state.status === "authenticated" && state.user.sub === user.sub) {
    return newsOf(title, await endServerSession(() => auth.forget(user.sub)));
  }
  if (!user.needsLogin) await auth.logout({ user: user.sub, endSession: "none" });
  const goesOn = at !== NOBODY && (isServers || !user.needsLogin);
  return newsOf(title, await auth.forget(user.sub), goesOn ? ONE_SESSION : undefined);
}

/**
 * Runs `logout`, after which the provider has no session. `NOBODY` is stored first, because the other tabs show the logout before
 * `logout` returns. If the provider could not be told of the logout, its user is stored again.
 */
async function endServerSession(logout: () => Promise<LogoutResult>): Promise<LogoutResult> {
  const at = localStorage.getItem(KEY);
  localStorage.setItem(KEY, NOBODY);
  let isEnded = false;
  try {
    const result = await logout();
    isEnded = !result.error;
    return result;
  } finally {
    // A login in another tab might have stored its user in the meantime.
    if (!isEnded && at !== null && localStorage.getItem(KEY) === NOBODY)
      localStorage.setItem(KEY, at);
  }
}

function newsOf(title: string, { error }: LogoutResult, text?: string): LogoutNews | undefined {
  if (error) return { title, text: NOT_TOLD };
  return text === undefined ? undefined : { title, text };
}

function nameOf({ name, sub }: LeavingUser): string {
  return name ?? sub;
}

import { sessionKey } from "../../core/keys.ts";
import type { UserAgent } from "../../core/user-agent.ts";
import type { UsersParts } from "../parts.ts";

/**
 * Signs a user in who is signed in at the server, when the app opens. Otherwise, the state stays `anonymous`, and no error is
 * published. Does nothing after a logout or a failed login of this tab.
 */
export async function signOnSilently(
  { config, session, logins }: UsersParts,
  how: UserAgent | "page",
): Promise<void> {
  const state = session.state.get();
  if (state.status !== "anonymous" || state.reason !== "none" || state.error) return;
  const request = { prompt: "none", returnTo: config.page.href() } as const;
  if (how !== "page") {
    await logins.startLogin(how.open(), request);
    return;
  }
  if (!config.page.canNavigate()) return;
  const { automatic } = await logins.load();
  // The page might have a user by now, or have left for another login.
  if (session.user || logins.underWay || !automatic.mayTrySilently()) return;
  await logins.startLogin(config.userAgent.open(), request);
}

/**
 * Gets new tokens for this tab's user from the server in a hidden frame. Of all tabs, one does so at a time, and the others take
 * its tokens. Returns false if the server did not give tokens of this user.
 */
export async function renewInFrame(
  { config, session, logins }: UsersParts,
  frame: UserAgent,
): Promise<boolean> {
  const { client, locks } = config;
  const { sub } = session;
  if (sub === undefined) return false;
  const before = session.cached?.generation;
  const lock = `frame/${sessionKey(client, sub)}`;
  return locks.request(lock, { mode: "exclusive" }, async () => {
    await session.load("other_tab");
    if (session.cached?.generation !== before && session.goodToken()) return true;
    const login = logins.startLogin(frame.open(), { prompt: "none", user: sub });
    const user = await login.catch(() => undefined);
    return user?.sub === sub;
  });
}

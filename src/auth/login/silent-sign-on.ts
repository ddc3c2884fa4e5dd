import { sessionKey } from "../../core/keys.ts";
import type { UserAgent } from "../../core/user-agent.ts";
import type { UsersParts } from "../parts.ts";
import type { ActiveSession } from "../session/active-session.ts";

/**
 * Signs a user in who is signed in at the server, when the app opens. Otherwise, the state stays `anonymous`, and no error is
 * published. Does nothing after a logout or a failed login of this tab.
 */
export async function signOnSilently(
  { config, session, logins }: UsersParts,
  how: UserAgent | "page",
): Promise<void> {
  const state = session.state.get();
  const isNew = state.status === "anonymous" && state.reason === "none" && !state.error;
  if (!isNew && !(state.status === "expired" && state.reason === "not_renewable")) return;
  const request = { prompt: "none", returnTo: config.page.href() } as const;
  if (how !== "page") {
    await logins.startLogin(how.open(), request);
    return;
  }
  if (!config.page.canNavigate()) return;
  const { automatic } = await logins.load();
  // The page might have a user by now, or have left for another login.
  if (session.user || logins.underWay || !automatic.mayTrySilently()) return;
  const { pageUserAgent = config.userAgent } = config;
  await logins.startLogin(pageUserAgent.open(), request);
}

/** After a renewal in the frame has failed, this tab does not try again for this time. Milliseconds. */
const RETRY_MS = 60_000;

/**
 * Gets new tokens for this tab's user from the server in a hidden frame. Concurrent calls share one renewal. Of all tabs, one
 * opens a frame at a time, and the others take its tokens. Returns false if the server did not give tokens of this user.
 */
export function renewInFrame(parts: UsersParts, frame: UserAgent): Promise<boolean> {
  const { logins, config, session } = parts;
  if (config.clock.monotonic() - logins.renewalFailedAt < RETRY_MS) return Promise.resolve(false);
  logins.renewal ??= renew(parts, frame)
    .then((isRenewed) => {
      if (!isRenewed) {
        logins.renewalFailedAt = config.clock.monotonic();
        needUser(session);
      }
      return isRenewed;
    })
    .finally(() => (logins.renewal = undefined));
  return logins.renewal;
}

/** From now on, the state says that the user must log in again when the token has expired. */
function needUser(session: Pick<ActiveSession, "cached" | "stale">): void {
  const { cached } = session;
  if (cached) cached.summary = { ...cached.summary, isRenewable: false };
  session.stale();
}

async function renew({ config, session, logins }: UsersParts, frame: UserAgent): Promise<boolean> {
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

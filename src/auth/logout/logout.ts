import type { LogoutOptions, LogoutResult } from "../../core/auth-options.ts";
import type { OwnParameters } from "../../core/authorization-parameters.ts";
import type { NetworkError } from "../../core/errors.ts";
import { chunk } from "../../core/lazy.ts";
import type { UsersParts } from "../parts.ts";
import { localLogoutUntold } from "./local-logout.ts";
import type * as ServerLogout from "./server-logout.ts";

/** Logs a user out. First deletes the session on this device, in all tabs. Then tells the server. */
export async function logout(
  parts: UsersParts,
  options: LogoutOptions | undefined,
): Promise<LogoutResult> {
  const { config, session, logins, userRemoval } = parts;
  const { sub } = session;
  const user = options?.user ?? sub;
  if (options?.parameters) await checkParameters(options.parameters);
  if (user === undefined) return { server: "told" };
  // From now on, `getToken()` must not start an automatic login of this user.
  logins.loggedOut(user);
  await localLogoutUntold(config, user);
  if (user === session.sub) session.clear();
  await userRemoval.tell(user);
  await session.load("stored").catch(() => {});
  // The session is already deleted. An error below means only that the server was not told of the logout.
  if (!config.untold.sessions.has(user)) return { server: "told" };
  try {
    return await (await loadServerLogout()).leaveServer(parts, user, sub, options);
  } catch (error) {
    return { server: "not_told", error: error as NetworkError };
  }
}

/** Checks the app's own parameters of a logout. If the code for the check cannot be loaded, the session must still be deleted. */
async function checkParameters(parameters: OwnParameters): Promise<void> {
  const loaded = await loadServerLogout().catch(() => undefined);
  loaded?.checkLogoutParameters(parameters);
}

/** Loads the code that tells the server of logouts. */
export const loadServerLogout = (): Promise<typeof ServerLogout> =>
  chunk(import("./server-logout.ts"));

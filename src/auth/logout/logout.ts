import type { LogoutOptions, LogoutResult } from "../../core/auth-options.ts";
import type { AnonymousReason } from "../../core/auth-state.ts";
import type { NetworkError } from "../../core/errors.ts";
import { chunk } from "../../core/lazy.ts";
import { checkLogoutParameters } from "../../core/owned-logout-parameters.ts";
import type { UsersParts } from "../parts.ts";
import { localLogoutUntold } from "./local-logout.ts";
import type * as ServerLogout from "./server-logout.ts";

/**
 * Logs a user out. First deletes the session on this device, in all tabs. Then tells the server.
 * @throws ConfigurationError `options.parameters` has a parameter that Latchkey sets. Nothing is deleted then
 */
export async function logout(
  parts: UsersParts,
  options: LogoutOptions | undefined,
): Promise<LogoutResult> {
  checkLogoutParameters(options?.parameters);
  const { config, session, userRemoval } = parts;
  const { sub } = session;
  const user = options?.user ?? sub;
  if (user === undefined) return { server: "told" };
  await deleteSession(parts, user);
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

/**
 * Deletes the session of `user` on this device, in all tabs. Loads no code, so a slow network cannot delay the deletion.
 * `reason`: becomes the reason of the state if `user` is this tab's user.
 */
export async function deleteSession(
  { config, session, logins }: UsersParts,
  user: string,
  reason?: AnonymousReason,
): Promise<void> {
  // From now on, `getToken()` must not start an automatic login of this user.
  logins.loggedOut(user);
  await localLogoutUntold(config, user);
  if (user === session.sub) session.clear(reason);
}

/** Loads the code that tells the server of logouts. */
export const loadServerLogout = (): Promise<typeof ServerLogout> =>
  chunk(import("./server-logout.ts"));

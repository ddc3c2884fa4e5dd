import { abortable } from "../../core/abortable.ts";
import { NoTokenError } from "../../core/errors.ts";
import { sessionKey } from "../../core/keys.ts";
import type { UserStore } from "../../core/session.ts";
import type { LoginRequest, TokenAfterLoginParts } from "../parts.ts";

/**
 * Returns the token for `getToken()` after a login: the login in progress, or a new one that returns to the current URL.
 * `reason`: why only a login helps; undefined when the caller requests a login.
 */
export async function tokenAfterLogin(
  { config, session, logins, getToken, handleCallback }: TokenAfterLoginParts,
  ...[options, { waitFor, reason }]: LoginRequest
): Promise<string> {
  const { userAgent, page, users } = config;
  const { signal, cache: _, refused: __, user, ...target } = options;
  const loginHint = user === undefined ? undefined : await hintOf(user, users);
  const resources =
    target.resource === undefined ? [] : await namedBefore(config, user ?? session.sub);
  const loaded = await abortable(logins.load(), signal);
  // Nothing is awaited from here to the login, so that one of several callers starts it.
  const underWay = waitFor ?? logins.underWay;
  if (underWay) {
    const settled = underWay.then(
      () => true,
      () => false,
    );
    const hasLoggedIn = await abortable(settled, signal);
    // The login in progress may fail, such as a silent one without a user. Then this call may start its own login.
    return getToken(options.prompt && hasLoggedIn ? { ...options, prompt: "none" } : options);
  }
  const state = session.state.get();
  const error = state.status === "anonymous" ? state.error : undefined;
  if (
    reason !== undefined &&
    logins.last !== undefined &&
    loaded.responses.isUnfinished(logins.last)
  ) {
    // The last response is not used yet, because the network failed. No other login is needed.
    await abortable(handleCallback(), signal);
    return getToken({ ...options, prompt: "none" });
  }
  // A caller that requests a login starts one, even if the last login of this page failed.
  const refusal = loaded.automatic.refusal(
    { ...target, user },
    reason === undefined ? undefined : error,
  );
  if (refusal) throw refusal;
  const roundTrip = userAgent.open();
  const loggedIn = new AbortController();
  // A caller with a `prompt` gets its login, even if a user logs in in another tab meanwhile.
  const mayStop = !options.prompt && !session.user;
  const undo = session.state.subscribe(() => {
    if (mayStop && session.user) loggedIn.abort(new NoTokenError("a user logged in meanwhile"));
  });
  const login = logins.startLogin(roundTrip, {
    ...target,
    ...(resources.length > 0 && { resources }),
    ...(loginHint !== undefined && { loginHint }),
    ...(user !== undefined && { user }),
    returnTo: page.href(),
    mayChoose: loggedIn.signal,
    ...(signal && { signal }),
  });
  await login.finally(undo);
  return getToken({
    ...target,
    ...(user !== undefined && { user }),
    prompt: "none",
    ...(signal && { signal }),
  });
}

/**
 * Returns the resources that the last login named. A new login names them, too. Otherwise two callers with different resources
 * would start logins in turn, without end.
 */
async function namedBefore(
  { sessions, client }: TokenAfterLoginParts["config"],
  sub: string | undefined,
): Promise<readonly string[]> {
  const row = sub === undefined ? undefined : await sessions.get(sessionKey(client, sub));
  return row?.resources ?? [];
}

/** Returns a login hint that the server probably knows: the user's email address, or else the `sub`. */
async function hintOf(user: string, users: UserStore): Promise<string> {
  const remembered = await (await users.users()).list();
  return remembered.find(({ sub }) => sub === user)?.email ?? user;
}

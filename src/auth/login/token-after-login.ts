import { abortable } from "../../core/abortable.ts";
import { NoTokenError } from "../../core/errors.ts";
import { sessionKey } from "../../core/keys.ts";
import type { UserStore } from "../../core/session.ts";
import type { LoginRequest, TokenAfterLoginParts } from "../parts.ts";

/**
 * The token of `getToken()` after a login: the one that is under way, or a new one that comes back to where the person is now.
 * `reason`: why nothing else helps; undefined when the caller wants a login.
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
  // From here to the login nothing is awaited: of many callers one begins it.
  const underWay = waitFor ?? logins.underWay;
  if (underWay) {
    const settled = underWay.then(
      () => true,
      () => false,
    );
    const isIn = await abortable(settled, signal);
    // A silent one may have found nobody: then it is this one's turn.
    return getToken(options.prompt && isIn ? { ...options, prompt: "none" } : options);
  }
  const state = session.state.get();
  const error = state.status === "anonymous" ? state.error : undefined;
  if (
    reason !== undefined &&
    logins.last !== undefined &&
    loaded.responses.isUnfinished(logins.last)
  ) {
    // The response is still here, and only the network was missing.
    await abortable(handleCallback(), signal);
    return getToken({ ...options, prompt: "none" });
  }
  // A caller who wants a login goes, whatever became of the last one in this page.
  const refusal = loaded.automatic.refusal(
    { ...target, user },
    reason === undefined ? undefined : error,
  );
  if (refusal) throw refusal;
  const roundTrip = userAgent.open();
  const isIn = new AbortController();
  // A caller who wants a choice gets one, whoever comes.
  const canBeIn = !options.prompt && !session.user;
  const undo = session.state.subscribe(() => {
    if (canBeIn && session.user) isIn.abort(new NoTokenError("somebody is in"));
  });
  const login = logins.startLogin(roundTrip, {
    ...target,
    ...(resources.length > 0 && { resources }),
    ...(loginHint !== undefined && { loginHint }),
    ...(user !== undefined && { user }),
    returnTo: page.href(),
    mayChoose: isIn.signal,
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

/** A login for one resource must not take the others away: two of them would go to the login page in turns, for ever. */
async function namedBefore(
  { sessions, client }: TokenAfterLoginParts["config"],
  sub: string | undefined,
): Promise<readonly string[]> {
  const row = sub === undefined ? undefined : await sessions.get(sessionKey(client, sub));
  return row?.resources ?? [];
}

/** What the server probably knows this person by. */
async function hintOf(user: string, users: UserStore): Promise<string> {
  const remembered = await (await users.users()).list();
  return remembered.find(({ sub }) => sub === user)?.email ?? user;
}

import { abortable } from "../core/abortable.ts";
import type { AuthState, GetTokenOptions } from "../core/auth.ts";
import { NoTokenError } from "../core/errors.ts";
import type { UserStore } from "../core/session.ts";
import type { Outcome } from "./logins.ts";
import type { PeopleDesk } from "./people-desk.ts";

/**
 * The token of `getToken()` after a login: the one that is under way, or a new one that comes back to where the person is now.
 * `reason`: why nothing else helps; undefined when the caller wants a login.
 */
export async function tokenAfterLogin(
  { config, session, logins, auth }: PeopleDesk,
  options: GetTokenOptions,
  { waitFor, reason }: { waitFor: Promise<unknown> | undefined; reason: unknown },
): Promise<string> {
  const { userAgent, page, users } = config;
  const { signal, cache: _, refused: __, user, ...want } = options;
  const loginHint = user === undefined ? undefined : await hintOf(user, users);
  // A caller who wants a login goes, whatever became of the last one.
  const last = reason === undefined ? undefined : await abortable(logins.outcome(), signal);
  // From here to the login nothing is awaited: of many callers one begins it.
  const underWay = waitFor ?? logins.underWay;
  if (underWay) {
    const settled = underWay.then(
      () => true,
      () => false,
    );
    const isIn = await abortable(settled, signal);
    // A silent one may have found nobody: then it is this one's turn.
    return auth.getToken(options.prompt && isIn ? { ...options, prompt: "none" } : options);
  }
  // Going there again, without the person, would go round in circles.
  const failure = reason === undefined ? undefined : failureOf(last, auth.state, user);
  if (failure) {
    if (!last?.isUnfinished) throw failure;
    // The response is still here, and only the network was missing.
    await abortable(auth.handleCallback(), signal);
    return auth.getToken({ ...options, prompt: "none" });
  }
  const trip = userAgent.open();
  const isIn = new AbortController();
  // A caller who wants a choice gets one, whoever comes.
  const canBeIn = !options.prompt && !session.user;
  const undo = session.state.subscribe(() => {
    if (canBeIn && session.user) isIn.abort(new NoTokenError("somebody is in"));
  });
  const travelled = logins.travel(trip, {
    ...want,
    ...(loginHint !== undefined && { loginHint }),
    ...(user !== undefined && { user }),
    returnTo: page.href(),
    mayChoose: isIn.signal,
    ...(signal && { signal }),
  });
  await travelled.finally(undo);
  return auth.getToken({
    ...want,
    ...(user !== undefined && { user }),
    prompt: "none",
    ...(signal && { signal }),
  });
}

/** Why another trip would end as the last one did. */
function failureOf(
  last: Outcome | undefined,
  state: AuthState,
  user: string | undefined,
): NoTokenError | undefined {
  const { setback } = last ?? {};
  const matters = setback && (user === undefined ? !setback.isIn : user !== setback.sub);
  if (matters && setback.sub !== undefined) {
    return new NoTokenError("the last login signed in somebody else");
  }
  const error = matters ? setback.error : state.status === "anonymous" && state.error;
  return error ? new NoTokenError("the last login failed", error) : undefined;
}

/** What the server probably knows this person by. */
async function hintOf(user: string, users: UserStore): Promise<string> {
  const people = await (await users.people()).list();
  return people.find(({ sub }) => sub === user)?.email ?? user;
}

import { abortable } from "../../core/abortable.ts";
import { NoTokenError } from "../../core/errors.ts";
import { sessionKey } from "../../core/keys.ts";
import { loginHintOf } from "../../core/login-prompt.ts";
import type { RoundTrip } from "../../core/user-agent.ts";
import type { LoginRequest, TokenAfterLoginParts } from "../parts.ts";
import type { AutomaticLogins } from "./automatic-logins.ts";

/**
 * If a login is in progress, waits for that login. Otherwise starts a login that returns to the current URL. Then returns the
 * token for `options`. `reason`: the error that only a login can resolve. Undefined if the caller requested a login with
 * `prompt`.
 */
export async function tokenAfterLogin(
  { config, session, logins, getToken }: TokenAfterLoginParts,
  ...[options, { waitFor, reason }]: LoginRequest
): Promise<string> {
  const { page, users } = config;
  const { signal, cache: _, refused: __, user, ...target } = options;
  const remembered = user === undefined ? [] : await (await users.users()).list();
  const loginHint = user === undefined ? undefined : loginHintOf(remembered, user);
  const resources =
    target.resource === undefined ? [] : await namedBefore(config, user ?? session.sub);
  const loaded = await abortable(logins.load(), signal);
  // Between this line and `startLogin()`, only branches that return use `await`. Otherwise two concurrent callers could both
  // start a login.
  const underWay = waitFor ?? logins.underWay;
  if (underWay) {
    const settled = underWay.then(
      () => true,
      () => false,
    );
    const hasLoggedIn = await abortable(settled, signal);
    // If the login in progress has failed, `getToken()` can start another login. After a success, `prompt: "none"` prevents
    // another login.
    return getToken(options.prompt && hasLoggedIn ? { ...options, prompt: "none" } : options);
  }
  const state = session.state.get();
  const error = state.status === "anonymous" ? state.error : undefined;
  if (
    reason !== undefined &&
    logins.last !== undefined &&
    loaded.responses.isUnfinished(logins.last)
  ) {
    // The last attempt to handle this page's authorization response failed, for example without a network. The response is now
    // handled again instead of a new login.
    await abortable(logins.handle(undefined), signal);
    return getToken({ ...options, prompt: "none" });
  }
  // If the caller passed a `prompt`, a login starts even after the last login in this page failed.
  const refusal = loaded.automatic.refusal(
    { ...target, user },
    reason === undefined ? undefined : error,
  );
  if (refusal) throw refusal;
  const roundTrip = openIfAllowed(config, loaded.automatic);
  const loggedIn = new AbortController();
  // A login that the caller requested with `prompt` continues, even if another tab logs a user in.
  const mayStop = !options.prompt && !session.user;
  const undo = session.state.subscribe(() => {
    if (mayStop && session.user)
      loggedIn.abort(
        new NoTokenError(
          "this login was stopped, because meanwhile a user logged in through another login",
        ),
      );
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
 * Opens the user agent. If the user agent cannot open now, for example because the browser blocks a popup without a click, the
 * login fails when a grant needs the round trip. A grant that shows a picker of remembered users might need none.
 */
function openIfAllowed(
  { userAgent, redirectUri }: TokenAfterLoginParts["config"],
  automatic: AutomaticLogins,
): RoundTrip {
  try {
    return userAgent.open();
  } catch (error) {
    const fail = (): never => {
      automatic.fail(error);
      throw error;
    };
    const navigate = async () => fail();
    return { redirectUri: redirectUri(), assertMayNavigate: fail, navigate, close: () => {} };
  }
}

/**
 * Returns the resources that the user's last login requested. The new login requests these resources again. Otherwise two
 * callers with different resources would start logins in turn, without end.
 */
async function namedBefore(
  { sessions, client }: TokenAfterLoginParts["config"],
  sub: string | undefined,
): Promise<readonly string[]> {
  const row = sub === undefined ? undefined : await sessions.get(sessionKey(client, sub));
  return row?.resources ?? [];
}

import { abortable } from "../core/abortable.ts";
import type { Auth } from "../core/auth.ts";
import type { GetTokenOptions } from "../core/auth-options.ts";
import { NoTokenError } from "../core/errors.ts";
import { chunk } from "../core/lazy.ts";
import { DEFAULT_TARGET, targetKey } from "../core/token-target.ts";
import type { LoginRequest, UsersParts } from "./parts.ts";
import type { ForgottenError } from "./session/not-forgotten.ts";
import { ignore, needsUser, type SilentTokens } from "./silent-tokens.ts";

/** The objects that `findToken()` uses. */
export interface FindTokenParts extends UsersParts, Pick<Auth, "getToken"> {
  readonly silentTokens: SilentTokens;
  /** Resolves when this tab's session has been read from the store. */
  readonly opened: Promise<void>;
}

/** Returns the token of a `getToken()` call that the cached token cannot answer. Starts a login if one is needed and allowed. */
export async function findToken(parts: FindTokenParts, options: GetTokenOptions): Promise<string> {
  const { logins, config } = parts;
  const { prompt, signal, user } = options;
  signal?.throwIfAborted();
  // If this tab's session cannot be read, a request for another user's token must still work.
  const opened = user === undefined ? parts.opened : parts.opened.catch(ignore);
  await abortable(Promise.all([opened, logins.settled]), signal);
  const isAsking = prompt !== undefined && prompt !== "none";
  if (isAsking) return afterLogin(parts, options, { waitFor: undefined, reason: undefined });
  let reason: unknown;
  try {
    const token = await silently(parts, options);
    if (token !== undefined) {
      logins.tell((loaded) => loaded.given(options));
      return token;
    }
    reason = new NoTokenError("a login is needed");
  } catch (error) {
    if (!needsUser(error)) throw error;
    reason = error;
  }
  const offered = logins.loaded?.takeOffered(options);
  if (offered) return offered;
  const waitFor = logins.underWay;
  // After `forget()`, no automatic login starts. Only the app is then allowed to start a login.
  const mayAsk =
    waitFor ?? (config.page.canNavigate() && !(reason as Partial<ForgottenError>).isForgotten);
  if (prompt === "none" || !mayAsk) throw reason;
  return afterLogin(parts, options, { waitFor, reason });
}

/**
 * Returns a token without showing anything. If the session has no refresh token, and the app has a frame as `silentSignOn`, the
 * server is asked for new tokens in the hidden frame.
 */
async function silently(
  parts: FindTokenParts,
  options: GetTokenOptions,
): Promise<string | undefined> {
  const { silentTokens, session, config } = parts;
  const { silentSignOn } = config;
  const { user = session.sub } = options;
  try {
    return await silentTokens.get(options);
  } catch (error) {
    const isOver = (error as { reason?: unknown }).reason === "not_renewable";
    const isOwn = user === session.sub && targetKey(options) === DEFAULT_TARGET;
    if (!isOver || !isOwn || typeof silentSignOn !== "object") throw error;
    const { renewInFrame } = await chunk(import("./login/silent-sign-on.ts"));
    const isRenewed = await abortable(renewInFrame(parts, silentSignOn), options.signal);
    const token = isRenewed ? session.goodToken() : undefined;
    if (token === undefined) throw error;
    return token;
  }
}

async function afterLogin(parts: FindTokenParts, ...request: LoginRequest): Promise<string> {
  const { tokenAfterLogin } = await chunk(import("./login/token-after-login.ts"));
  return tokenAfterLogin(parts, ...request);
}

import { abortable } from "../core/abortable.ts";
import { sessionKey, type ClientKey } from "../core/keys.ts";
import type { LoginPrompt } from "../core/login-prompt.ts";
import type { Clock } from "../core/ports.ts";
import { profileOf } from "../core/remembered-profile.ts";
import { NO_CHANGE, type SessionStore } from "../core/session.ts";
import type { UserStore } from "../core/user-store.ts";
import type { TokenSet } from "../core/token-set.ts";

/**
 * The options of `askToRemember()` and of an `AutoLoginGrant`. An app passes the `GrantParts` that it gets from `createAuth()`,
 * and adds a `prompt`.
 */
export interface RememberConfig {
  readonly client: ClientKey;
  readonly users: UserStore;
  readonly sessions: SessionStore;
  readonly clock: Clock;
  readonly prompt: LoginPrompt;
}

/**
 * The prompt waits this long for the user's answer. Then the prompt is aborted, and the user is not remembered. Milliseconds.
 */
const PATIENCE_MS = 10 * 60_000;

/**
 * Asks a user who has just logged in whether this device should remember them. Does nothing if the device remembers the user
 * already. If the user agrees, the session no longer ends when the last tab closes. If the session ends or is replaced while
 * the question is shown, the answer has no effect.
 * @param stored a promise that settles when the tokens of the login are stored
 */
export async function askToRemember(
  response: TokenSet,
  stored: Promise<unknown> | undefined,
  { client, users, sessions, clock, prompt }: RememberConfig,
): Promise<void> {
  await stored;
  // Code that waits for the token runs before the prompt opens, because the prompt might block the page, as `confirm()` does.
  await clock.sleep(0);
  const sub = response.user?.sub ?? (await users.getActive()).sub;
  if (sub === undefined) return;
  const row = await sessions.get(sessionKey(client, sub));
  if (row?.lifetime !== "tabs" || row.end) return;
  const { user } = await sessions.open(row.tokens);
  const ended = new AbortController();
  const timeout = setTimeout(() => ended.abort(), PATIENCE_MS);
  try {
    const { signal } = ended;
    const consent: Promise<unknown> = Promise.resolve(prompt.shouldRemember(user, { signal }));
    if ((await abortable(consent, signal)) !== true) return;
  } finally {
    clearTimeout(timeout);
    ended.abort();
  }
  await sessions.update(sessionKey(client, sub), (now) =>
    now?.sessionId === row.sessionId && !now.end
      ? { ...now, lifetime: "remembered", remembered: profileOf(user, clock.now()) }
      : NO_CHANGE,
  );
}

import { abortable } from "../core/abortable.ts";
import { sessionKey, type ClientKey } from "../core/keys.ts";
import type { LoginPrompt } from "../core/login-prompt.ts";
import type { Clock } from "../core/ports.ts";
import { profileOf } from "../core/remembered-profile.ts";
import { NO_CHANGE, type SessionStore } from "../core/session.ts";
import type { UserStore } from "../core/user-store.ts";
import type { TokenSet } from "../core/token-set.ts";

/** The parts that `askToRemember()` and an `AutoLoginGrant` need. `GrantParts` has all of these parts except `prompt`. */
export interface RememberConfig {
  readonly client: ClientKey;
  readonly users: UserStore;
  readonly sessions: SessionStore;
  readonly clock: Clock;
  readonly prompt: LoginPrompt;
}

/**
 * How long the prompt waits for the user's answer. After this time the prompt is aborted, and the user is not remembered.
 * Milliseconds.
 */
const PATIENCE_MS = 10 * 60_000;

/**
 * After a login, asks the user whether this device remembers them. Does nothing if the user is remembered already. If the user
 * agrees, the session no longer ends when the last tab closes. A session that has ended or was replaced during the question is
 * not changed.
 * @param stored settles when the tokens of the login are stored
 */
export async function askToRemember(
  response: TokenSet,
  stored: Promise<unknown> | undefined,
  { client, users, sessions, clock, prompt }: RememberConfig,
): Promise<void> {
  await stored;
  // The callers that wait for the login continue before the prompt opens, because the prompt might block the page.
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

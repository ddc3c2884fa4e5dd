import { abortable } from "../core/abortable.ts";
import { sessionKey, type ClientKey } from "../core/keys.ts";
import type { LoginPrompt } from "../core/login-prompt.ts";
import type { Clock } from "../core/ports.ts";
import { profileOf } from "../core/remembered-profile.ts";
import { NO_CHANGE, type SessionStore } from "../core/session.ts";
import type { User } from "../core/user.ts";
import type { UserStore } from "../core/user-store.ts";

/**
 * The options of an `AutoLoginGrant`. The app provides the `prompt`. `createAuth()` passes the other members to the app's
 * `grant` function.
 */
export interface RememberConfig {
  readonly client: ClientKey;
  readonly users: UserStore;
  readonly sessions: SessionStore;
  readonly clock: Clock;
  readonly prompt: LoginPrompt;
}

/** How long the app's prompt waits for the user's answer. After this time, the user is not remembered. Milliseconds. */
const PATIENCE_MS = 10 * 60_000;

/**
 * After a login, asks the user whether this device should remember the user. If the user agrees, the session stays stored after
 * the user's last tab has closed. If this device already remembers the user, this function asks nothing.
 * @param requested the user. Undefined: this tab's user
 */
export async function askToRemember(
  requested: string | undefined,
  { client, users, sessions, clock, prompt }: RememberConfig,
): Promise<void> {
  // The prompt might block the page, as `confirm()` does. This pause lets the app use its new token before the prompt opens.
  await clock.sleep(0);
  const sub = requested ?? (await users.getActive()).sub;
  if (sub === undefined) return;
  const row = await sessions.get(sessionKey(client, sub));
  if (row?.lifetime !== "tabs" || row.end) return;
  const { user } = await sessions.open(row.tokens);
  const ended = new AbortController();
  const timeout = setTimeout(() => ended.abort(), PATIENCE_MS);
  try {
    const { signal } = ended;
    const consent = ask(prompt, user, signal);
    if ((await abortable(consent, signal)) !== true) return;
  } finally {
    clearTimeout(timeout);
    ended.abort();
  }
  await sessions.update(sessionKey(client, sub), (now) =>
    now?.sessionId === row.sessionId && !now.end
      ? {
          ...now,
          lifetime: "remembered",
          remembered: { ...profileOf(user, clock.now()), isChosen: true },
        }
      : NO_CHANGE,
  );
}

/** If the app's prompt throws, the browser reports an uncaught error, and the user is not remembered. */
async function ask(prompt: LoginPrompt, user: User, signal: AbortSignal): Promise<unknown> {
  try {
    return await prompt.shouldRemember(user, { signal });
  } catch (error) {
    if (!signal.aborted)
      queueMicrotask(() => {
        throw error;
      });
    return false;
  }
}

import { abortable } from "../core/abortable.ts";
import { sessionKey, type ClientKey } from "../core/keys.ts";
import type { LoginPrompt } from "../core/login-prompt.ts";
import type { Clock } from "../core/ports.ts";
import { profileOf } from "../core/remembered-record.ts";
import { NO_CHANGE, type SessionStore, type UserStore } from "../core/session.ts";
import type { TokenSet } from "../core/token-set.ts";

export interface RememberConfig {
  readonly client: ClientKey;
  readonly users: UserStore;
  readonly sessions: SessionStore;
  readonly clock: Clock;
  readonly prompt: LoginPrompt;
}

/** Unanswered for so long means no. Milliseconds. */
const PATIENCE_MS = 10 * 60_000;

/**
 * Asks a person who is here while a tab is open whether to remember them. A yes to a session that is over by then changes
 * nothing. `stored`: settles when the login is stored and published.
 */
export async function askToRemember(
  response: TokenSet,
  stored: Promise<unknown> | undefined,
  { client, users, sessions, clock, prompt }: RememberConfig,
): Promise<void> {
  await stored;
  // Whoever waited for the login goes first: a prompt may stop the page.
  await clock.sleep(0);
  const sub = response.user?.sub ?? (await users.getActive()).sub;
  if (sub === undefined) return;
  const row = await sessions.get(sessionKey(client, sub));
  if (row?.lifetime !== "tabs" || row.end) return;
  const { user } = await sessions.open(row.tokens);
  const over = new AbortController();
  const late = setTimeout(() => over.abort(), PATIENCE_MS);
  try {
    const { signal } = over;
    const responded: Promise<unknown> = Promise.resolve(prompt.shouldRemember(user, { signal }));
    if ((await abortable(responded, signal)) !== true) return;
  } finally {
    clearTimeout(late);
    over.abort();
  }
  await sessions.update(sessionKey(client, sub), (now) =>
    now?.sessionId === row.sessionId && !now.end
      ? { ...now, lifetime: "remembered", remembered: profileOf(user, clock.now()) }
      : NO_CHANGE,
  );
}

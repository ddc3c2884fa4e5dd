import { createDatabase } from "../../../../src/browser/storage/database.ts";
import { IndexedDBSessionStore } from "../../../../src/browser/storage/indexeddb-session-store.ts";
import { clientKey, sessionKey } from "../../../../src/core/keys.ts";
import type { SessionRow } from "../../../../src/core/session.ts";
import { DEFAULT_TARGET } from "../../../../src/core/token-target.ts";

/** Stores `count` sessions, as after that many logins. Each session has an ID token of typical length. */
export async function rememberUsers(
  issuer: string,
  clientId: string,
  count: number,
): Promise<void> {
  const sessions = new IndexedDBSessionStore(createDatabase());
  const client = clientKey(issuer, clientId);
  for (let at = 0; at < count; at++) {
    await sessions.update(sessionKey(client, `person-${at}`), () => sessionOf(at));
  }
}

function sessionOf(at: number): SessionRow {
  const profile = { name: `Person ${at}`, email: `person-${at}@example.com` };
  const sub = `person-${at}`;
  const hourMs = 3_600_000;
  return {
    version: 2,
    sessionId: `sid-${at}`,
    generation: 1,
    sequence: 1,
    committedSequence: 1,
    attempt: null,
    end: null,
    lifetime: "remembered",
    remembered: { ...profile, lastUsedAt: Date.now() - at },
    renewable: true,
    access: {
      [DEFAULT_TARGET]: {
        generation: 1,
        expiresAt: Date.now() + hourMs,
        scope: ["openid"],
        lifetimeMs: hourMs,
      },
    },
    tokens: {
      refreshToken: `refresh-${at}`,
      idToken: "x".repeat(1_200),
      idTokenVerified: true,
      user: { sub, ...profile, claims: { sub, ...profile } },
      access: { [DEFAULT_TARGET]: { token: `token-${at}`, tokenType: "Bearer" } },
    },
  };
}

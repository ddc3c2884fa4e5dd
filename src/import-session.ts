import { BroadcastTabChannel } from "./browser/broadcast-tab-channel.ts";
import { createDatabase } from "./browser/database.ts";
import { DocumentPage } from "./browser/document-page.ts";
import { IndexedDBSessionStore } from "./browser/indexeddb-session-store.ts";
import { IndexedDBUserStore } from "./browser/indexeddb-user-store.ts";
import { sessionsWith } from "./browser/sessions-with.ts";
import { systemClock, systemRandom } from "./browser/system-clock.ts";
import { checkRegistration, type AuthConfig } from "./core/auth-config.ts";
import { ConfigurationError, isAuthError, type AnyAuthError } from "./core/errors.ts";
import { clientKey } from "./core/keys.ts";
import { chunk } from "./core/lazy.ts";
import type { LeftSessions } from "./core/left-session.ts";
import { tokenSet } from "./core/token-set.ts";
import type { User } from "./core/user.ts";
import { leftTokens, type LeftRefusal } from "./engine.ts";
import type { SessionDesk } from "./manager/check-out.ts";
import { isTakenAlready, standing, takeOver } from "./manager/take-over.ts";

/** Beside `from` and `remains`, what `createAuth()` is told, too. */
export interface ImportSessionConfig extends Pick<AuthConfig, "issuer" | "clientId" | "endpoints"> {
  /** Whose sessions: `oidcClientSession()`, `auth0Session()`, or an app's own. */
  readonly from: LeftSessions;
  /** As in `createAuth()`. */
  readonly persist?: "device" | "memory";
  /**
   * What becomes of the other SDK's session: `removed` when not given. `kept` is for servers that do not rotate refresh
   * tokens: where they do, two SDKs with the same one end the session.
   */
  readonly remains?: "removed" | "kept";
}

export type ImportResult =
  | { readonly type: "imported"; readonly user: User }
  /** The other SDK has no session of this client here. */
  | { readonly type: "nothing" }
  /** Somebody is signed in with Latchkey already, or signed out of it. */
  | { readonly type: "standing" }
  /** There is something that cannot be taken over. It stays as it is. */
  | { readonly type: "refused"; readonly reason: LeftRefusal | "ambiguous" }
  /** Nothing was changed; the next page load tries again. */
  | { readonly type: "failed"; readonly error: AnyAuthError };

/**
 * Takes over the session of the SDK that an app used before, so that nobody has to sign in again. To be awaited before
 * `createAuth()`. What may fail on the way is told and not thrown: the app starts.
 * @throws ConfigurationError an input is missing or malformed
 */
export async function importSession(config: ImportSessionConfig): Promise<ImportResult> {
  checkRegistration(config);
  if (typeof config.from?.find !== "function") {
    throw new ConfigurationError(
      "from",
      "it is missing, or it has no find()",
      "Give oidcClientSession() or auth0Session().",
    );
  }
  const problem = new DocumentPage().unsupported();
  if (problem) return { type: "failed", error: problem };
  try {
    return await importFrom(config);
  } catch (error) {
    if (isAuthError(error)) return { type: "failed", error };
    throw error;
  }
}

async function importFrom(config: ImportSessionConfig): Promise<ImportResult> {
  const { issuer, clientId, endpoints, from, remains = "removed" } = config;
  const first = await from.find({ issuer, clientId });
  if (!first) return { type: "nothing" };
  if (first.type !== "left") return { type: "refused", reason: first.type };
  const desk = deskOf(config);
  const { judge, findTokenEndpoint } = await leftTokens({
    issuer,
    clientId,
    endpoints,
    clock: systemClock,
  });
  const seen = judge(first.tokens);
  if (seen.type === "refused") return seen;
  if (await standing(desk, seen.tokens.user.sub)) {
    if (remains === "removed" && (await isTakenAlready(desk, seen.tokens))) await first.remove();
    return { type: "standing" };
  }
  const tokenEndpoint = await findTokenEndpoint();
  // Meanwhile a tab that still has the other SDK may have refreshed.
  const left = await from.find({ issuer, clientId });
  if (left?.type !== "left") return { type: "nothing" };
  const verdict = judge(left.tokens);
  if (verdict.type === "refused") return verdict;
  const { user } = verdict.tokens;
  const isTaken = await takeOver(desk, { ...tokenSet({ ...verdict.tokens, tokenEndpoint }), user });
  if (!isTaken) return { type: "standing" };
  if (remains === "removed") await left.remove();
  return { type: "imported", user };
}

function deskOf({ issuer, clientId, persist }: ImportSessionConfig): SessionDesk {
  const client = clientKey(issuer, clientId);
  const database = createDatabase();
  const stored = new IndexedDBSessionStore(database);
  const [clock, random] = [systemClock, systemRandom];
  return {
    client,
    tab: random.id(),
    random,
    sessions:
      persist === "memory"
        ? sessionsWith(stored, async () => {
            const { HandoverTokens } = await chunk(import("./browser/handover-tokens.ts"));
            return new HandoverTokens({ client, clock, random });
          })
        : stored,
    users: new IndexedDBUserStore(database, client),
    channel: new BroadcastTabChannel(client),
  };
}

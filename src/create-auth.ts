import { BroadcastTabChannel } from "./browser/broadcast-tab-channel.ts";
import { createDatabase } from "./browser/database.ts";
import { DocumentPage } from "./browser/document-page.ts";
import { IndexedDBCallbackLedger } from "./browser/indexeddb-callback-ledger.ts";
import { IndexedDBRequestStore } from "./browser/indexeddb-request-store.ts";
import { IndexedDBSessionStore } from "./browser/indexeddb-session-store.ts";
import { IndexedDBUserStore } from "./browser/indexeddb-user-store.ts";
import { PageUserAgent } from "./browser/page-user-agent.ts";
import { resolveRedirectUri } from "./browser/redirect-uri.ts";
import { systemClock, systemRandom } from "./browser/system-clock.ts";
import { WebLocksTabLock } from "./browser/web-locks-tab-lock.ts";
import { checkAuthConfig, type AuthConfig } from "./core/auth-config.ts";
import type { Auth } from "./core/auth.ts";
import { clientKey } from "./core/keys.ts";
import { createEngine } from "./engine.ts";
import { AuthorizationCodeGrant } from "./grants/authorization-code-grant.ts";
import { RefreshGrant } from "./grants/refresh-grant.ts";
import { AuthManager } from "./manager/auth-manager.ts";
import { createRefresher } from "./refresher.ts";
import type { RefreshTiming } from "./refresh/run.ts";

const SCOPE = ["openid", "profile", "email", "offline_access"];

/** Everything `createAuth()` can be told. */
export interface CreateAuthConfig extends AuthConfig {
  /** Patience and back-off of a refresh; the defaults suit people, tests shrink them. */
  readonly timing?: Partial<RefreshTiming>;
}

/**
 * Composes a browser-side `Auth` and starts it. Outside of a browser it stays in the state `loading`, and its calls reject.
 * @throws ConfigurationError an input is missing or malformed
 */
export function createAuth(config: CreateAuthConfig): Auth {
  checkAuthConfig(config);
  const { issuer, clientId, scope = SCOPE, timing } = config;
  const client = clientKey(issuer, clientId);
  const clock = systemClock;
  const random = systemRandom;
  const tab = random.id();
  const page = new DocumentPage();
  const locks = new WebLocksTabLock();
  const channel = new BroadcastTabChannel(client);
  const database = createDatabase();
  const sessions = new IndexedDBSessionStore(database);
  const redirectUri = () => resolveRedirectUri(config.redirectUri);
  const { server, send } = createEngine({
    issuer,
    clientId,
    scope,
    requests: new IndexedDBRequestStore(database),
    clock,
  });
  const refresher = createRefresher({
    client,
    tab,
    ...(timing && { timing }),
    ports: { store: sessions, locks, channel, clock, page, random, send },
  });
  const auth = new AuthManager({
    client,
    tab,
    refresher,
    grant: new RefreshGrant(new AuthorizationCodeGrant(server), { refresher }),
    server,
    userAgent: new PageUserAgent(redirectUri),
    redirectUri,
    // Of any origin: the server has a list of its own.
    postLogoutRedirectUri: () =>
      config.postLogoutRedirectUri && new URL(config.postLogoutRedirectUri, page.href()).href,
    sessions,
    users: new IndexedDBUserStore(database, client),
    ledger: new IndexedDBCallbackLedger(database, clock),
    channel,
    locks,
    page,
    clock,
    random,
  });
  auth.start();
  return auth;
}

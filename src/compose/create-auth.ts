import { BroadcastTabChannel } from "../browser/tabs/broadcast-tab-channel.ts";
import { clientSessions } from "../browser/storage/client-sessions.ts";
import { createDatabase } from "../browser/storage/database.ts";
import { DocumentPage } from "../browser/page/document-page.ts";
import { IndexedDBCallbackLedger } from "../browser/storage/indexeddb-callback-ledger.ts";
import { IndexedDBRequestStore } from "../browser/storage/indexeddb-request-store.ts";
import { IndexedDBUserStore } from "../browser/storage/indexeddb-user-store.ts";
import { SessionLoginMarks } from "../browser/storage/session-login-marks.ts";
import { PageUserAgent } from "../browser/user-agents/page-user-agent.ts";
import { resolveRedirectUri } from "../browser/user-agents/redirect-uri.ts";
import { systemClock, systemRandom } from "../browser/page/system-clock.ts";
import { tabLocks } from "../browser/tabs/tab-locks.ts";
import { checkAuthConfig, type AuthConfig } from "../core/auth-config.ts";
import type { Auth } from "../core/auth.ts";
import type { AuthorizationServer } from "../core/authorization-server.ts";
import type { Grant } from "../core/grant.ts";
import { clientKey, type ClientKey } from "../core/keys.ts";
import { chunk, shared } from "../core/lazy.ts";
import type { Clock, Random, TabLock } from "../core/ports.ts";
import type { Refresher } from "../core/refresher.ts";
import type { RequestStore } from "../core/request-store.ts";
import type { SessionStore, UserStore } from "../core/session.ts";
import type { UserFetcher } from "../core/user-fetcher.ts";
import { createLazyServer } from "./lazy-server.ts";
import { AuthorizationCodeGrant } from "../grants/authorization-code-grant.ts";
import { RefreshGrant } from "../grants/refresh-grant.ts";
import { AuthManager } from "../auth/auth-manager.ts";
import { loadServerLogout } from "../auth/logout/logout.ts";
import { UntoldLogouts } from "../auth/logout/untold-logouts.ts";
import { createRefresher } from "./lazy-refresher.ts";
import type { RefreshTiming } from "../refresh/timing.ts";

/** What `createAuth()` composed already, for the grant an app makes of it. */
export interface GrantParts {
  readonly client: ClientKey;
  readonly server: AuthorizationServer;
  /** Refreshes stored sessions. */
  readonly refresher: Refresher;
  /** Of device logins. */
  readonly requests: RequestStore;
  /** For stores of an app's own grants. */
  readonly database: ReturnType<typeof createDatabase>;
  readonly sessions: SessionStore;
  readonly users: UserStore;
  readonly locks: TabLock;
  readonly clock: Clock;
  readonly random: Random;
}

/** Everything `createAuth()` can be told. */
export interface CreateAuthConfig extends AuthConfig {
  /** Patience and back-off of a refresh; the defaults suit people, tests shrink them. */
  readonly timing?: Partial<RefreshTiming>;
  /**
   * `memory`: tokens are on no disk, and gone when the last tab is closed. `device` when not given. Sessions that were stored
   * under the other one go on, where a tab or the disk has their tokens.
   */
  readonly persist?: "device" | "memory";
  /**
   * For how long the server forgives that a refresh token is used twice, as it is configured there. Milliseconds; 30,000 or
   * more is what it should be. Unknown counts as long enough, but not for resources that the login did not name: these are
   * requested with the refresh token only if a leeway is given.
   */
  readonly reuseLeewayMs?: number;
  /** Tells who signed in when no ID token does, which is always so without `jwksUri`. */
  readonly userFetcher?: UserFetcher | ((server: AuthorizationServer) => UserFetcher);
  /**
   * Where tokens come from, instead of `new RefreshGrant(new AuthorizationCodeGrant(server), parts)`. Called once, at once.
   * Answers without a `generation` are stored as a login.
   */
  readonly grant?: (parts: GrantParts) => Grant;
}

/**
 * Composes a browser-side `Auth` and starts it. Outside of a browser it stays in the state `loading`, and its calls reject.
 * @throws ConfigurationError an input is missing or malformed
 */
export function createAuth(config: CreateAuthConfig): Auth {
  checkAuthConfig(config);
  const {
    issuer,
    clientId,
    scope,
    endpoints,
    resources,
    authTimeOnRefresh,
    timing,
    reuseLeewayMs,
    persist,
    userFetcher,
  } = config;
  const client = clientKey(issuer, clientId);
  const clock = systemClock;
  const random = systemRandom;
  const tab = random.id();
  const page = new DocumentPage();
  const channel = new BroadcastTabChannel(client);
  const locks = tabLocks(async () => {
    const { BroadcastTabLock } = await chunk(import("../browser/tabs/broadcast-tab-lock.ts"));
    return new BroadcastTabLock({ channel, clock, takeoverMs: timing?.takeoverMs });
  });
  const database = createDatabase();
  const untold = new UntoldLogouts();
  const { sessions, prepare } = clientSessions(persist, database, { client, clock, random });
  const redirectUri = () => resolveRedirectUri(config.redirectUri);
  const { server, send } = createLazyServer({
    issuer,
    clientId,
    scope,
    endpoints,
    resources,
    authTimeOnRefresh,
    requests: new IndexedDBRequestStore(database),
    database,
    clock,
    ...(timing?.requestMs !== undefined && { tokenTimeoutMs: timing.requestMs }),
  });
  const refresher = createRefresher({
    client,
    tab,
    ...(timing && { timing }),
    ...(reuseLeewayMs !== undefined && { reuseLeewayMs }),
    ports: {
      store: sessions,
      locks,
      channel,
      clock,
      random,
      page: page.lifecycle,
      send: {
        ...send,
        revoke: async (user, refreshToken) => {
          const { revoke } = await loadServerLogout();
          await revoke({ ...parts, page, untold }, user, refreshToken);
        },
      },
    },
  });
  const requests = new IndexedDBRequestStore(database, "device/");
  const users = new IndexedDBUserStore(database, client);
  const parts: GrantParts = {
    client,
    server,
    refresher,
    requests,
    database,
    sessions,
    users,
    locks,
    clock,
    random,
  };
  const auth = new AuthManager({
    ...parts,
    tab,
    grant: config.grant?.(parts) ?? new RefreshGrant(new AuthorizationCodeGrant(server), parts),
    ...(userFetcher && {
      userFetcher: typeof userFetcher === "function" ? userFetcher(server) : userFetcher,
    }),
    userAgent: new PageUserAgent(redirectUri),
    redirectUri,
    // Of any origin: the server has a list of its own.
    postLogoutRedirectUri: () =>
      config.postLogoutRedirectUri && new URL(config.postLogoutRedirectUri, page.href()).href,
    ledger: new IndexedDBCallbackLedger(database, clock),
    marks: new SessionLoginMarks(client),
    channel,
    page,
    untold,
    loadRefusedTokens: shared(async () =>
      (await chunk(import("./refused-tokens.chunk.ts"))).createRefusedTokens(),
    ),
  });
  auth.start();
  if (!page.unsupported()) prepare();
  return auth;
}

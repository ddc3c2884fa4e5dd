import { BroadcastTabChannel } from "../browser/tabs/broadcast-tab-channel.ts";
import { clientStores } from "../browser/storage/client-stores.ts";
import { createDatabase } from "../browser/storage/database.ts";
import { DocumentPage } from "../browser/page/document-page.ts";
import { IndexedDBCallbackLedger } from "../browser/storage/indexeddb-callback-ledger.ts";
import { IndexedDBRequestStore } from "../browser/storage/indexeddb-request-store.ts";
import { SessionLoginMarks } from "../browser/storage/session-login-marks.ts";
import { userTraces } from "../browser/storage/lazy-user-traces.ts";
import { whenIdle } from "../browser/page/when-idle.ts";
import { configuredUserAgent } from "../browser/user-agents/configured-user-agent.ts";
import { systemClock, systemRandom } from "../browser/page/system-clock.ts";
import { tabLocks } from "../browser/tabs/tab-locks.ts";
import { checkAuthConfig, type AuthConfig } from "../core/auth-config.ts";
import type { Auth } from "../core/auth.ts";
import type { LoginDefaults, OwnParameters } from "../core/authorization-parameters.ts";
import type { AuthorizationServer } from "../core/authorization-server.ts";
import { isOpenIdProvider } from "../core/endpoints.ts";
import type { Grant } from "../core/grant.ts";
import { clientKey } from "../core/keys.ts";
import { chunk, shared } from "../core/lazy.ts";
import { checkStores, type StoresConfig } from "../core/own-stores.ts";
import type { UserAgent } from "../core/user-agent.ts";
import type { StandardSchema } from "../core/standard-schema.ts";
import type { User } from "../core/user.ts";
import type { UserFetcher } from "../core/user-fetcher.ts";
import { createLazyServer } from "./lazy-server.ts";
import { AuthorizationCodeGrant } from "../grants/authorization-code-grant.ts";
import { RefreshGrant } from "../grants/refresh-grant.ts";
import { AuthManager } from "../auth/auth-manager.ts";
import { loadServerLogout } from "../auth/logout/logout.ts";
import { UntoldLogouts } from "../auth/logout/untold-logouts.ts";
import type { GrantParts } from "./grant-parts.ts";
import { createRefresher } from "./lazy-refresher.ts";
import type { RefreshTiming } from "../refresh/timing.ts";

/** The configuration of `createAuth()`. */
export interface CreateAuthConfig extends AuthConfig, StoresConfig {
  /** The timeouts and pauses of refreshes. The defaults suit most apps, and tests use shorter times. */
  readonly timing?: Partial<RefreshTiming>;
  /**
   * The server's reuse leeway: after the first use of a refresh token, the server accepts the same refresh token again for this
   * long. Give the value that is configured at the server. Milliseconds. A leeway of 30,000 or more is recommended.
   *
   * If the value is missing, Latchkey assumes that another tab can safely repeat an interrupted refresh. If the value is
   * greater than 0, a refresh can also request resources that the login did not request.
   */
  readonly reuseLeewayMs?: number;
  /**
   * Finds out which user has logged in, if the token response has no ID token. If `endpoints` has no `jwksUri`, the app must
   * give a `userFetcher` or a `grant`.
   */
  readonly userFetcher?: UserFetcher | ((server: AuthorizationServer) => UserFetcher);
  /**
   * A Standard Schema for the claims of the user, for example of Zod. `user.claims` is what the schema returns. If the schema
   * refuses the claims, no user is published, and the state's error says why. The session is kept.
   * @see https://standardschema.dev
   */
  readonly claims?: StandardSchema<object>;
  /**
   * Signs a user in who is signed in at the server, when the app opens. Nothing is visible, and without such a user the state
   * stays `anonymous`.
   * - An `IframeUserAgent`: a hidden frame asks the server. The app and the server must be on one site, because browsers block
   *   the cookies of other sites in frames. The frame also renews a session that has no refresh token.
   * - `page`: this page visits the server once in each tab, and comes back at once.
   *
   * Default: a user signs in by `login()` or `getToken()`.
   */
  readonly silentSignOn?: UserAgent | "page";
  /**
   * Parameters of every login, including logins that `getToken()` starts. `login()` can set other values. For example, some
   * servers give a refresh token only after `{ prompt: "consent" }`.
   */
  readonly loginOptions?: LoginDefaults;
  /**
   * Additional parameters of every token request, for which Latchkey has no option. The keys are the names in the request. All
   * tabs must set the same parameters, because one tab refreshes the tokens of all tabs.
   */
  readonly tokenParameters?: OwnParameters;
  /**
   * Shows another page of the app after a login has ended on the page of the redirect URI. `path` is the path, the query and the
   * fragment of the page on which the login began. Pass the navigation of your router, so that the app is not loaded again.
   * Default: the page navigates to `path`.
   */
  readonly onReturn?: ((path: string) => void) | undefined;
  /**
   * Creates the grant that requests all tokens. `createAuth()` calls this function once. If the grant returns tokens with a
   * `generation`, these tokens are already stored, and `Auth` does not store the tokens again. Default:
   * `new RefreshGrant(new AuthorizationCodeGrant(server), parts)`.
   */
  readonly grant?: (parts: GrantParts) => Grant;
  /**
   * Returns the shared worker whose script calls `serveRefreshes()`. Refreshes then run in the worker, and continue when this
   * page reloads or closes. If the worker cannot be used, the page refreshes by itself. With `persist: "memory"`, the tokens are
   * in the pages, and no worker is started. Default: each page refreshes by itself.
   */
  readonly worker?: () => SharedWorker;
}

/**
 * Creates an `Auth` for this page and starts it. Outside a browser, `auth.state` stays `loading`, and the methods of `auth`
 * reject with a `ConfigurationError`.
 * @throws ConfigurationError an input is missing or malformed; `error.input` is the name of that input
 * @example
 * const auth = createAuth({
 *   issuer: "https://id.example.com",
 *   clientId: "web",
 *   redirectUri: "/",
 * });
 * const response = await auth.fetch("/api/me");
 */
export function createAuth<Claims extends object>(
  config: CreateAuthConfig & { readonly claims: StandardSchema<Claims> },
): Auth<Claims>;
export function createAuth(config: CreateAuthConfig): Auth;
export function createAuth(
  config: CreateAuthConfig & { readonly claims?: StandardSchema<object> },
): Auth {
  checkAuthConfig(config);
  checkStores(config);
  const {
    issuer,
    clientId,
    scope,
    endpoints,
    resources,
    authTimeOnRefresh,
    timing,
    reuseLeewayMs,
    userFetcher,
    loginOptions,
    tokenParameters,
    claims,
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
  const { sessions, users, prepare } = clientStores(config, database, { client, clock, random });
  const { server, send } = createLazyServer({
    issuer,
    clientId,
    scope,
    endpoints,
    resources,
    authTimeOnRefresh,
    loginOptions,
    tokenParameters,
    diagnose: async (...request) =>
      (await chunk(import("./diagnose.chunk.ts"))).diagnose(...request),
    warn: (message) => page.warn(message),
    requests: new IndexedDBRequestStore(database),
    pageUrl: () => page.href(),
    database,
    clock,
    ...(timing?.requestMs !== undefined && { tokenTimeoutMs: timing.requestMs }),
  });
  const refresher = createRefresher(config, {
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
  const fetcher = typeof userFetcher === "function" ? userFetcher(server) : userFetcher;
  const auth = new AuthManager({
    ...parts,
    tab,
    deleteTraces: userTraces(database, client),
    grant: config.grant?.(parts) ?? new RefreshGrant(new AuthorizationCodeGrant(server), parts),
    ...(fetcher && { userFetcher: fetcher }),
    loadUserCheck: shared(async () => {
      const { UserCheck, userinfoFetcher } = await chunk(import("./user-check.chunk.ts"));
      return new UserCheck({
        ...parts,
        tab,
        channel,
        userFetcher: fetcher ?? userinfoFetcher(server),
      });
    }),
    ...configuredUserAgent(config),
    ledger: new IndexedDBCallbackLedger(database, clock),
    marks: new SessionLoginMarks(client),
    channel,
    page,
    untold,
    onReturn: config.onReturn,
    ...(claims && {
      readUser: async (user: User) =>
        (await chunk(import("./claims.chunk.ts"))).readClaims(user, claims),
    }),
    ...(config.silentSignOn && { silentSignOn: config.silentSignOn }),
    scope: scope ?? (isOpenIdProvider(endpoints) ? undefined : []),
    loadRefusedTokens: shared(async () =>
      (await chunk(import("./refused-tokens.chunk.ts"))).createRefusedTokens(),
    ),
  });
  auth.start();
  if (!page.unsupported()) {
    prepare();
    whenIdle(() => {
      // A tab that wakes with an expired token then has the code for its refresh. If a part cannot be loaded or the store fails,
      // the next page load tries again.
      for (const work of [
        refresher.prepare(),
        chunk(import("./idle.chunk.ts")).then(({ sweepTraces }) => sweepTraces(database)),
      ])
        work.catch(() => {});
    });
  }
  return auth;
}

import { systemClock, systemRandom } from "../../src/browser/page/system-clock.ts";
import { clientKey } from "../../src/core/keys.ts";
import type { UserFetcher } from "../../src/core/user-fetcher.ts";
import type { AuthorizationServer } from "../../src/core/authorization-server.ts";
import { createLazyServer, type LazyServerConfig } from "../../src/compose/lazy-server.ts";
import { AuthorizationCodeGrant } from "../../src/grants/authorization-code-grant.ts";
import { RefreshGrant } from "../../src/grants/refresh-grant.ts";
import { AuthManager } from "../../src/auth/auth-manager.ts";
import { MemoryCallbackLedger } from "./memory-callback-ledger.ts";
import { MemoryLoginMarks } from "./memory-login-marks.ts";
import { MemorySessionStore } from "./memory-session-store.ts";
import { MemoryTabHub } from "./memory-tab-channel.ts";
import { MemoryTabLock } from "../../src/memory/memory-tab-lock.ts";
import { MemoryUserStore } from "./memory-user-store.ts";
import type { Send } from "../../src/core/refresher.ts";
import { revoke } from "../../src/auth/logout/revocation.ts";
import { UntoldLogouts } from "../../src/auth/logout/untold-logouts.ts";
import { RefreshCoordinator } from "../../src/refresh/coordinator.ts";
import { testRequests } from "../oidc/support.ts";
import { FetchUserAgent } from "./fetch-user-agent.ts";

/** Configuration of `nodeBrowser()`. */
export interface NodeBrowserConfig extends Omit<LazyServerConfig, "requests" | "clock"> {
  readonly reuseLeewayMs?: number;
  readonly redirectUri: string;
  readonly userFetcher?: (server: AuthorizationServer) => UserFetcher;
}

/** The stores of a simulated browser, and a function that opens a tab. */
export interface NodeBrowser {
  readonly sessions: MemorySessionStore;
  readonly users: MemoryUserStore;
  readonly tab: () => AuthManager;
}

/** Composes the parts of `createAuth()` in memory instead of a browser. Its tabs share a store, locks and a channel. */
export function nodeBrowser({
  redirectUri,
  userFetcher,
  reuseLeewayMs,
  ...config
}: NodeBrowserConfig): NodeBrowser {
  const client = clientKey(config.issuer, config.clientId);
  const [clock, random] = [systemClock, systemRandom];
  const sessions = new MemorySessionStore();
  const users = new MemoryUserStore(sessions, client);
  const locks = new MemoryTabLock();
  const hub = new MemoryTabHub();
  const ledger = new MemoryCallbackLedger();
  const requests = testRequests();
  const userAgent = new FetchUserAgent(redirectUri, config.fetch);
  const lifecycle = {
    online: () => true,
    visible: () => true,
    frozen: () => false,
    onEvent: () => () => {},
  };
  const page = {
    isDocument: () => true,
    unsupported: () => undefined,
    href: () => new URL("/", redirectUri).href,
    navigate: () => {},
    replace: () => {},
    warn: () => {},
    replaceUrl: () => {},
    lifecycle,
    canNavigate: () => false,
    onActivation: () => () => {},
  };
  const tab = () => {
    const tab = random.id();
    const channel = hub.join();
    const { server, send: lazyServerSend } = createLazyServer({ ...config, requests, clock });
    const untold = new UntoldLogouts();
    const managerParts = { client, sessions, locks, clock, server, page, untold };
    const send: Send = {
      ...lazyServerSend,
      revoke: (user, token) => revoke(managerParts, user, token),
    };
    const ports = { store: sessions, locks, channel, clock, random, send, page: lifecycle };
    const refresher = new RefreshCoordinator({
      client,
      tab,
      ports,
      ...(reuseLeewayMs !== undefined && { reuseLeewayMs }),
    });
    const marks = new MemoryLoginMarks();
    const parts = { client, marks, tab, refresher, server, sessions, ledger, channel, locks };
    return new AuthManager({
      ...parts,
      page,
      untold,
      users: users.inAnotherTab(),
      clock,
      random,
      grant: new RefreshGrant(new AuthorizationCodeGrant(server), { refresher }),
      ...(userFetcher && { userFetcher: userFetcher(server) }),
      userAgent,
      redirectUri: () => redirectUri,
      postLogoutRedirectUri: () => undefined,
    });
  };
  return { sessions, users, tab };
}

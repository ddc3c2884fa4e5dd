import type { AuthorizationServer } from "../../src/core/authorization-server.ts";
import type { ConfigurationError } from "../../src/core/errors.ts";
import type { Grant } from "../../src/core/grant.ts";
import type { LoginMarks } from "../../src/core/login-marks.ts";
import type { Clock, Page, TabChannel } from "../../src/core/ports.ts";
import type { IdTokenValidation, RefreshResponse } from "../../src/core/refresher.ts";
import type { SessionRow, TokenRecord } from "../../src/core/session.ts";
import { clientTag } from "../../src/core/response-state.ts";
import { validatedTokenSet, type TokenSet } from "../../src/core/token-set.ts";
import type { User } from "../../src/core/user.ts";
import type { RoundTrip } from "../../src/core/user-agent.ts";
import type { RememberConfig } from "../../src/grants/ask-to-remember.ts";
import { AuthorizationCodeGrant } from "../../src/grants/authorization-code-grant.ts";
import { RefreshGrant } from "../../src/grants/refresh-grant.ts";
import { AuthManager } from "../../src/auth/auth-manager.ts";
import { RefusedTokens } from "../../src/fetch/refused-tokens.ts";
import { revoke } from "../../src/auth/logout/revocation.ts";
import { UntoldLogouts } from "../../src/auth/logout/untold-logouts.ts";
import { MemoryCallbackLedger } from "../support/memory-callback-ledger.ts";
import { MemoryLoginMarks } from "../support/memory-login-marks.ts";
import { MemorySessionStore } from "../support/memory-session-store.ts";
import { MemoryTabHub } from "../support/memory-tab-channel.ts";
import { MemoryTabLock } from "../../src/memory/memory-tab-lock.ts";
import { UserCheck } from "../../src/auth/users/user-check.ts";
import type { UserAgent } from "../../src/core/user-agent.ts";
import type { UserFetcher } from "../../src/core/user-fetcher.ts";
import { MemoryUserStore } from "../support/memory-user-store.ts";
import { RefreshCoordinator } from "../../src/refresh/coordinator.ts";
import { ADA, CLIENT, KEY, testClock, DEFAULT_KEY } from "../refresh/tabs.ts";

export const REDIRECT_URI = "https://app.example/callback";

/** A `state` parameter in this client's format. */
export const stateOf = (name: string): string => `${clientTag(CLIENT)}.${name.padEnd(43, "-")}`;
export const STATE: string = stateOf("s");

type Call = "authorize" | "exchange" | "revoke" | "endSession";

/** The parts of one browser. A test replaces them to make something happen. */
export interface World {
  readonly store: MemorySessionStore;
  readonly users: MemoryUserStore;
  readonly ledger: MemoryCallbackLedger;
  readonly locks: MemoryTabLock;
  readonly page: FakePage;
  /** Responses to refresh requests, in order. */
  readonly refreshes: RefreshResponse[];
  /** Responds to all further refresh requests. Never settles unless a test replaces it. */
  response: () => Promise<RefreshResponse>;
  /** The authorization server. A test may replace its calls. */
  readonly server: { -readonly [call in Call]: AuthorizationServer[call] };
  /** The result of `RoundTrip.navigate`: the response URL. */
  navigate: () => Promise<string>;
  prepare: () => Promise<void>;
  /** Returns the user when a token response has no ID token. */
  fetchUser: () => Promise<User>;
  /** Validates an ID token with fetched keys. */
  validation: (record: TokenRecord) => Promise<IdTokenValidation>;
  /** Validates an ID token with cached keys. By default there are none. */
  atHand: (record: TokenRecord) => Promise<IdTokenValidation>;
  sends: number;
  roundTrips: (RoundTrip & { closed: boolean })[];
  /** The server's userinfo endpoint. Undefined: the server is not asked for claims. */
  userinfo: UserFetcher | undefined;
  /** Whether `userinfo` is a `userFetcher` of the app. */
  isOwnFetcher: boolean;
  /** The scopes of the app's configuration. */
  scope: readonly string[] | undefined;
  silentSignOn: UserAgent | "page" | undefined;
  /** The app's own user agent. Undefined: the page. */
  userAgent: UserAgent | undefined;
  redirectUri: string;
  /** Validates the claims of a user. */
  readUser: ((user: User) => Promise<User>) | undefined;
  /** The channel of another tab. */
  readonly channel: TabChannel;
  /** `inner`: the grant that logs in, by default with the page's round trip. `outer` wraps the grant chain. */
  tab(
    inner?: Grant,
    outer?: (chain: Grant, parts: UsersParts) => Grant,
    marks?: LoginMarks,
    onReturn?: (path: string) => void,
  ): AuthManager;
}

/** The parts that a grant needs to list and remember users. */
export type UsersParts = Omit<RememberConfig, "prompt">;

/** A page whose URL, network and navigations belong to the test. */
export interface FakePage extends Page {
  url: string;
  navigations: string[];
  /** The URLs by which the page was replaced. */
  replacements: string[];
  /** The lines for the developer. */
  warnings: string[];
  isOnline: boolean;
  mayNavigate: boolean;
  problem: ConfigurationError | undefined;
  /** The page resumes after it was frozen. */
  wake(): void;
  /** The user presses a key or a pointer button. */
  act(): void;
}

/** One browser with memory stores. `tab()` opens its tabs. */
export function world(clock: Clock = testClock): World {
  const store = new MemorySessionStore();
  const users = new MemoryUserStore(store, CLIENT);
  const locks = new MemoryTabLock();
  const ledger = new MemoryCallbackLedger();
  const hub = new MemoryTabHub();
  const page = fakePage();
  let ids = 0;
  const random = { id: () => `id-${++ids}`, fraction: () => 0.5 };
  const me: World = {
    store,
    users,
    ledger,
    locks,
    page,
    refreshes: [],
    response: () => new Promise(() => {}),
    server: {
      authorize: async () => "https://id.example/auth",
      exchange: async () => loginResponse(),
      revoke: async () => {},
      endSession: async () => undefined,
    },
    navigate: () => new Promise(() => {}),
    prepare: async () => {},
    fetchUser: () => new Promise(() => {}),
    atHand: async () => ({ type: "unknown" }),
    validation: async ({ user }) => ({ type: "valid", user, authTime: undefined }),
    sends: 0,
    roundTrips: [],
    channel: hub.join(),
    userinfo: undefined,
    isOwnFetcher: false,
    scope: undefined,
    silentSignOn: undefined,
    userAgent: undefined,
    redirectUri: REDIRECT_URI,
    readUser: undefined,
    tab: (
      inner = new AuthorizationCodeGrant(me.server),
      outer = (chain) => chain,
      marks = new MemoryLoginMarks(),
      onReturn,
    ) => {
      const tab = random.id();
      const channel = hub.join();
      const untold = new UntoldLogouts();
      const managerParts = {
        client: CLIENT,
        sessions: store,
        locks,
        clock,
        server: me.server,
        page,
        untold,
      };
      const refresher = new RefreshCoordinator({
        client: CLIENT,
        tab,
        timing: { patienceMs: 1_000, drainMs: 500 },
        ports: {
          store,
          locks,
          channel,
          clock,
          page: {
            online: () => page.isOnline,
            visible: () => true,
            frozen: () => false,
            onEvent: () => () => {},
          },
          random,
          send: {
            prepare: () => me.prepare(),
            sync: () => Promise.resolve(),
            send: () => {
              me.sends++;
              const response = me.refreshes.shift();
              return response ? Promise.resolve(response) : me.response();
            },
            verify: (record, keys) =>
              keys === "cached" ? me.atHand(record) : me.validation(record),
            revoke: (user, token) => revoke(managerParts, user, token),
          },
        },
      });
      const view = users.inAnotherTab();
      const refusedTokens = new RefusedTokens();
      const parts = { client: CLIENT, sessions: store, users: view, clock };
      const pageUserAgent: UserAgent = {
        open: () => {
          const roundTrip = {
            redirectUri: REDIRECT_URI,
            navigate: () => me.navigate(),
            close: () => {
              roundTrip.closed = true;
            },
            closed: false,
          };
          me.roundTrips.push(roundTrip);
          return roundTrip;
        },
      };
      return new AuthManager({
        client: CLIENT,
        tab,
        refresher,
        grant: outer(new RefreshGrant(inner, { refresher }), parts),
        server: me.server,
        ...((!me.userinfo || me.isOwnFetcher) && {
          userFetcher: { fetchUser: () => me.fetchUser() },
        }),
        userAgent: me.userAgent ?? pageUserAgent,
        pageUserAgent,
        redirectUri: () => me.redirectUri,
        postLogoutRedirectUri: () => "https://app.example/",
        sessions: store,
        users: view,
        ledger,
        marks,
        channel,
        locks,
        page,
        clock,
        random,
        untold,
        onReturn,
        scope: me.scope,
        readUser: me.readUser,
        ...(me.silentSignOn && { silentSignOn: me.silentSignOn }),
        ...(me.userinfo && {
          loadUserCheck: async () =>
            new UserCheck({
              client: CLIENT,
              tab,
              sessions: store,
              users: view,
              channel,
              random,
              clock,
              locks,
              refresher,
              userFetcher: me.userinfo!,
            }),
        }),
        loadRefusedTokens: async () => refusedTokens,
      });
    },
  };
  return me;
}

function fakePage(): FakePage {
  const page: FakePage = {
    url: "https://app.example/",
    navigations: [],
    replacements: [],
    warnings: [],
    isOnline: true,
    mayNavigate: false,
    problem: undefined,
    isDocument: () => true,
    unsupported() {
      return this.problem;
    },
    href() {
      return this.url;
    },
    navigate(url) {
      this.navigations.push(url);
    },
    replace(url) {
      this.replacements.push(url);
    },
    warn(message) {
      this.warnings.push(message);
    },
    replaceUrl(url) {
      this.url = url;
    },
    canNavigate() {
      return this.mayNavigate;
    },
    act: () => {},
    onActivation(listener) {
      this.act = listener;
      return () => (this.act = () => {});
    },
    wake: () => {},
    lifecycle: {
      online: () => page.isOnline,
      visible: () => true,
      frozen: () => false,
      onEvent(listener) {
        page.wake = () => listener("resume");
        return () => (page.wake = () => {});
      },
    },
  };
  return page;
}

/** The token response of a login as Ada, valid for a minute. */
export function loginResponse(changes: Partial<TokenSet> = {}): TokenSet {
  return validatedTokenSet({
    accessToken: "at1",
    tokenType: "Bearer",
    expiresAt: Date.now() + 60_000,
    scope: ["openid"],
    refreshToken: "rt1",
    idToken: "id1",
    user: { sub: ADA, name: "Ada", claims: { sub: ADA } },
    ...changes,
  });
}

/** Stores `row` as Ada's session and makes Ada the default user. No manager is notified. */
export async function remember({ store, users }: World, row: SessionRow): Promise<void> {
  await store.update(KEY, () => row);
  await users.putDefault(ADA);
}

/** The same row with an access token that is valid for a minute. */
export function goodRow(row: SessionRow): SessionRow {
  return {
    ...row,
    access: {
      [DEFAULT_KEY]: {
        generation: row.generation,
        expiresAt: Date.now() + 60_000,
        scope: ["openid"],
      },
    },
  };
}

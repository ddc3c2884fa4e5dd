import { sessionKey } from "../../src/core/keys.ts";
import type { TabMessage } from "../../src/core/message.ts";
import type { Clock, Random, TabChannel } from "../../src/core/ports.ts";
import type {
  IdTokenValidation,
  RefreshResponse,
  RefreshedTokens,
  Send,
} from "../../src/core/refresher.ts";
import type { SessionRow, TokenRecord } from "../../src/core/session.ts";
import { targetKey } from "../../src/core/token-target.ts";
import { revokeEnded } from "../../src/auth/logout/revocation.ts";
import { MemorySessionStore } from "../support/memory-session-store.ts";
import { MemoryTabHub } from "../support/memory-tab-channel.ts";
import { MemoryTabLock } from "../../src/memory/memory-tab-lock.ts";
import { RefreshCoordinator } from "../../src/refresh/coordinator.ts";
import type { RefreshTiming } from "../../src/refresh/timing.ts";
import type { RefreshPorts } from "../../src/refresh/run.ts";

export const CLIENT = "issuer,client";
export const ADA = "ada";
/** The key of Ada's session. */
export const KEY = sessionKey(CLIENT, ADA);
/** The key of the default token target. */
export const DEFAULT_KEY = targetKey({});

/** One send of a refresh token. The test settles it with `response()`. */
export interface Sent {
  readonly tab: string;
  readonly refreshToken: string | undefined;
  readonly target: string;
  readonly response: (response: RefreshResponse) => void;
}

/** Tabs of one browser. Each has its own coordinator; all share one store, one set of locks and one channel. */
export function browser(): {
  store: MemorySessionStore;
  locks: MemoryTabLock;
  sent: Sent[];
  messages: TabMessage[];
  /** Refresh tokens that the tabs revoked. */
  revoked: string[];
  /** Opens the channel of another tab. */
  channel: () => TabChannel;
  tab: (name: string, options?: TabOptions) => RefreshCoordinator;
} {
  const store = new MemorySessionStore();
  const locks = new MemoryTabLock();
  const hub = new MemoryTabHub();
  const sent: Sent[] = [];
  const messages: TabMessage[] = [];
  const revoked: string[] = [];
  const server = { revoke: async (token: string) => void revoked.push(token) };
  const parts = { client: CLIENT, sessions: store, locks, clock: testClock, server };
  hub.join().listen((message) => messages.push(message));
  const tab = (name: string, options: TabOptions = {}) =>
    new RefreshCoordinator({
      client: CLIENT,
      tab: name,
      ...(options.timing && { timing: options.timing }),
      ...(options.reuseLeewayMs !== undefined && { reuseLeewayMs: options.reuseLeewayMs }),
      ports: {
        store,
        locks,
        channel: options.channel ?? hub.join(),
        clock: options.clock ?? testClock,
        page: { ...PAGE, ...options.page },
        random: counting(name),
        send: scriptedSend(name, sent, options, (user, token) => revokeEnded(parts, user, token)),
      },
    });
  return { store, locks, sent, messages, revoked, channel: () => hub.join(), tab };
}

/** Options of one tab. The defaults are a visible, online page and the production timing. */
export interface TabOptions {
  timing?: Partial<RefreshTiming>;
  reuseLeewayMs?: number;
  clock?: Clock;
  page?: Partial<RefreshPorts["page"]>;
  channel?: TabChannel;
  prepare?: () => Promise<void>;
  /** The validation with fetched keys. When not set, it never settles. */
  validation?: () => Promise<IdTokenValidation>;
  /** The validation with cached keys. When not set, no keys are cached. */
  atHand?: () => Promise<IdTokenValidation>;
}

const PAGE: RefreshPorts["page"] = {
  online: () => true,
  visible: () => true,
  frozen: () => false,
  onEvent: () => () => {},
};

/** A clock that Vitest's fake timers advance. */
export const testClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      signal?.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      });
    }),
};

function counting(name: string): Random {
  let n = 0;
  return { id: () => `${name}-${++n}`, fraction: () => 0.5 };
}

function scriptedSend(
  tab: string,
  sent: Sent[],
  { prepare, validation, atHand }: TabOptions,
  revoke: Send["revoke"],
): Send {
  return {
    prepare: prepare ?? (() => Promise.resolve()),
    sync: () => Promise.resolve(),
    send: ({ refreshToken }, target) =>
      new Promise((response) => {
        sent.push({ tab, refreshToken, target, response });
      }),
    verify: (_record, keys) => {
      if (keys === "fetched") return validation?.() ?? new Promise(() => {});
      return atHand?.() ?? Promise.resolve({ type: "unknown" });
    },
    revoke,
  };
}

/** A session whose access token has expired. */
export function expiredRow(): SessionRow {
  return {
    version: 2,
    sessionId: "s1",
    generation: 1,
    sequence: 1,
    committedSequence: 1,
    attempt: null,
    end: null,
    lifetime: "remembered",
    renewable: true,
    resources: ["https://api.example"],
    access: { [DEFAULT_KEY]: { generation: 1, expiresAt: Date.now() - 1, scope: ["openid"] } },
    tokens: {
      refreshToken: "rt1",
      idTokenVerified: true,
      user: { sub: ADA, claims: { sub: ADA } },
      access: { [DEFAULT_KEY]: { token: "at1", tokenType: "Bearer" } },
    } satisfies TokenRecord,
  };
}

/** A token response with the access token `at<n>` and the refresh token `rt<n>`. */
export function responseOf(n: number, changes: Partial<RefreshedTokens> = {}): RefreshResponse {
  return {
    type: "tokens",
    tokens: {
      accessToken: `at${n}`,
      tokenType: "Bearer",
      expiresAt: Date.now() + 60_000,
      scope: undefined,
      refreshToken: `rt${n}`,
      idToken: undefined,
      ...changes,
    },
  };
}

/** Runs all pending microtasks. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
}

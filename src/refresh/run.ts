import type { Clock, PageLifecycle, Random, TabChannel, TabLock } from "../core/ports.ts";
import type { RefreshNeed, Send } from "../core/refresher.ts";
import {
  findAccess,
  type SessionAttempt,
  type SessionRow,
  type SessionStore,
} from "../core/session.ts";
import { sessionKey, type ClientKey } from "../core/keys.ts";
import type { TabNews } from "../core/message.ts";
import { remainingMs } from "../core/token-lifetime.ts";
import type { TargetKey } from "../core/token-target.ts";
import type { RefreshTiming } from "./timing.ts";

/** The objects through which the refresh machine reaches the browser, the stored sessions and the server. */
export interface RefreshPorts {
  store: SessionStore;
  locks: TabLock;
  channel: TabChannel;
  clock: Clock;
  page: PageLifecycle;
  random: Random;
  send: Send;
}

/**
 * One run of the refresh machine in this tab. `need` says which token the run must return. The other members are the settings,
 * the callbacks and the progress of the run.
 */
export interface Run {
  readonly ports: RefreshPorts;
  readonly timing: RefreshTiming;
  readonly client: ClientKey;
  readonly tab: string;
  readonly need: RefreshNeed;
  /**
   * The server's reuse leeway: after the first use of a refresh token, the server accepts the same refresh token again for this
   * long. Milliseconds. Undefined: unknown.
   */
  readonly reuseLeewayMs: number | undefined;
  /** Returns whether a caller in this tab waits for this refresh. */
  readonly isAwaited: () => boolean;
  /**
   * Called with a refresh attempt that is still stored when this run ends. The callback finishes that attempt in the
   * background.
   */
  readonly onOpenAttempt: (attempt: SessionAttempt) => void;
  /**
   * Validates the signature of the stored ID token in the background, after `delayMs` milliseconds. Called if the server's keys
   * are not cached.
   */
  readonly onPending: (delayMs: number) => void;
  /** Called with the tokens of a response that cannot be stored. The callback gives the access token to the waiting callers. */
  readonly onUnstored: (responded: RowWithToken) => void;
  /**
   * The `generation` of the stored session when this run first read the session. A token with a larger `generation` arrived
   * during this run.
   */
  firstGeneration: number | undefined;
  /** The `sessionId` of the stored session. Undefined until this run has read the session. */
  sessionId: string | undefined;
  /** The `generation` of the tokens that this run received from the server. Undefined until tokens arrive. */
  committedGeneration: number | undefined;
  /** The `sequence` of the stored refresh attempt for which this run has waited long enough. */
  passed: number | undefined;
  /**
   * The `sequence` of the refresh attempt after which this run has already paused. This run does not pause again for the same
   * attempt.
   */
  paused: number | undefined;
  /** The error of the last send or write that failed. This error becomes the `cause` of a TimeoutError. */
  failure: unknown;
}

/** A session row that contains the needed token. `target` is the key of the token's scope, resource and audience. */
export interface RowWithToken {
  readonly row: SessionRow;
  readonly target: TargetKey;
}

/** Returns the key under which the session of the run's user is stored. */
export function rowKey(run: Run): string {
  return sessionKey(run.client, run.need.user);
}

/**
 * Searches the session row for a token that the run can return. Returns the token's target (scope, resource, audience), or
 * undefined if the row has no such token.
 */
export function satisfying(run: Run, row: SessionRow): TargetKey | undefined {
  const now = run.ports.clock.now();
  const { firstGeneration = row.generation } = run;
  return findAccess(
    row,
    run.need.target,
    // The caller's `notGeneration` can belong to an earlier session, and can then be larger than `firstGeneration`. In this
    // case, each token that arrived during this run is new enough.
    ({ generation, expiresAt, lifetimeMs }) =>
      generation > Math.min(run.need.notGeneration, firstGeneration) &&
      // An expired token is accepted only if the token arrived during this run with a very short lifetime.
      (remainingMs({ expiresAt, lifetimeMs }, now) > 0 ||
        (generation > firstGeneration && (lifetimeMs ?? 0) <= run.timing.bornExpiredMs)),
  );
}

/** Returns whether the page is visible and a caller in this page waits for the run. */
export function isForeground({ ports, isAwaited }: Run): boolean {
  return ports.page.visible() && isAwaited();
}

/** Sends a message about the user's session to all tabs. */
export function broadcast(run: Run, sessionId: string, news: TabNews): void {
  run.ports.channel.post({ protocol: 2, key: run.need.user, from: run.tab, sessionId, ...news });
}

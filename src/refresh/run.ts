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

/** The seven ports through which the refresh machine reaches the browser, the store and the server. */
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
 * One run of the refresh machine in this tab. `need` says which token the run must return. The run reads and writes the stored
 * session, called the row. A refresh that a tab stores in the row and then sends is called an attempt. The tab that stored the
 * attempt is the attempt's owner.
 */
export interface Run {
  readonly ports: RefreshPorts;
  readonly timing: RefreshTiming;
  readonly client: ClientKey;
  readonly tab: string;
  readonly need: RefreshNeed;
  /**
   * The reuse leeway: the time after the first use of a refresh token during which the server still accepts the same refresh
   * token. Milliseconds. Undefined: unknown.
   */
  readonly reuseLeewayMs: number | undefined;
  /** Returns whether a caller in this tab waits for the run. */
  readonly isAwaited: () => boolean;
  /**
   * Called when the run ends although the row still has an attempt. The tab that owns the attempt might have closed, so another
   * run must finish the attempt in the background.
   */
  readonly onOpenAttempt: (attempt: SessionAttempt) => void;
  /**
   * Called when the signature of the stored ID token is not validated yet, and the server's keys are not cached. The callback
   * fetches the keys after `delayMs` milliseconds, and validates the signature.
   */
  readonly onPending: (delayMs: number) => void;
  /** Called when a response cannot be stored. The waiting callers get the token of the response anyway. */
  readonly onUnstored: (responded: RowWithToken) => void;
  /**
   * The `generation` of the row when the run first read the row. Each stored response increases `generation` by 1. If a token
   * has a larger generation, the token arrived during this run. The run returns such a token even if the token had already
   * expired on arrival.
   */
  firstGeneration: number | undefined;
  /** `sessionId` of the row. Undefined until the run has read the row. */
  sessionId: string | undefined;
  /** The `generation` of the tokens that this run itself received from the server. Undefined until tokens arrive. */
  committedGeneration: number | undefined;
  /**
   * The `sequence` of an attempt for which this run no longer waits. There are two possible reasons: the attempt's request can
   * no longer be in flight, or the attempt's owner has not responded for too long.
   */
  passed: number | undefined;
  /**
   * The `sequence` of the attempt after which this run has already paused. The run does not pause for the same attempt again.
   */
  paused: number | undefined;
  /** The error of the last send or write that failed. If a caller gets a TimeoutError, this error is the `cause`. */
  failure: unknown;
}

/** The token that a run returns: the row that contains the token, and the token's target. */
export interface RowWithToken {
  readonly row: SessionRow;
  readonly target: TargetKey;
}

/** Returns the key of the run's session. */
export function rowKey(run: Run): string {
  return sessionKey(run.client, run.need.user);
}

/** Returns the target of a token in the row that satisfies the run's need, or undefined when the row has no such token. */
export function satisfying(run: Run, row: SessionRow): TargetKey | undefined {
  const now = run.ports.clock.now();
  const { firstGeneration = row.generation } = run;
  return findAccess(
    row,
    run.need.target,
    // `notGeneration` is larger than `firstGeneration` in two cases: `notGeneration` belongs to another session, or the run has
    // no callers. In both cases, every token that was stored after the run's first read is new enough.
    ({ generation, expiresAt, lifetimeMs }) =>
      generation > Math.min(run.need.notGeneration, firstGeneration) &&
      // An expired token is returned only if the token arrived during this run and had already expired on arrival. If the token
      // expired later, for example while the page was frozen, the token is not returned. The lifetime shows the difference.
      (remainingMs({ expiresAt, lifetimeMs }, now) > 0 ||
        (generation > firstGeneration && (lifetimeMs ?? 0) <= run.timing.bornExpiredMs)),
  );
}

/** Returns whether the page is visible and a caller in it waits for the run. */
export function isForeground({ ports, isAwaited }: Run): boolean {
  return ports.page.visible() && isAwaited();
}

/** Broadcasts a message about the run's user. */
export function broadcast(run: Run, sessionId: string, news: TabNews): void {
  run.ports.channel.post({ protocol: 2, key: run.need.user, from: run.tab, sessionId, ...news });
}

/**
 * Returns the name of the lock that the attempt's owner holds. If another tab can get this lock, the owner no longer holds it.
 */
export function ownerLock(attemptId: string): string {
  return `own/${attemptId}`;
}

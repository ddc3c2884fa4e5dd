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

/** One run of the refresh machine in this tab, for the token in `need`. The last members record the progress of the run. */
export interface Run {
  readonly ports: RefreshPorts;
  readonly timing: RefreshTiming;
  readonly client: ClientKey;
  readonly tab: string;
  readonly need: RefreshNeed;
  /** How long the server still accepts a refresh token after its first use. Milliseconds. Undefined: unknown. */
  readonly reuseLeewayMs: number | undefined;
  /** Returns whether a caller in this tab waits for the run. */
  readonly isAwaited: () => boolean;
  /**
   * Called when the run ends although the row has an attempt. The owner of the attempt might have ended, so the attempt must be
   * finished in the background.
   */
  readonly onOpenAttempt: (attempt: SessionAttempt) => void;
  /**
   * Called when a stored ID token has a pending signature and no keys are cached. `delayMs`: how long to wait before the keys
   * are fetched. Milliseconds.
   */
  readonly onPending: (delayMs: number) => void;
  /** Called when a response cannot be stored. The waiting callers get the token of the response anyway. */
  readonly onUnstored: (responded: SentAttempt) => void;
  /**
   * The row's generation when the run read the row for the first time. A token of a later generation serves the run even if the
   * token expired on arrival.
   */
  firstGeneration: number | undefined;
  /** `sessionId` of the row. Undefined until the run has read the row. */
  sessionId: string | undefined;
  /** The generation of the tokens that this run itself got from the server. */
  committedGen: number | undefined;
  /**
   * `sequence` of an attempt that this run no longer waits for. Either its request cannot be in flight any more, or its owner
   * was silent for too long.
   */
  passed: number | undefined;
  /** `sequence` of the attempt whose pause this run has already waited for. */
  paused: number | undefined;
  /** The error of the last send or write that failed. It becomes the `cause` of a TimeoutError. */
  failure: unknown;
}

/** The token that a run returns: the row that contains the token, and the token's target. */
export interface SentAttempt {
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
    // A `notGeneration` that is larger than `firstGeneration` comes from another session, or from a run without callers. Then
    // every token that was stored after the run's first read is new enough.
    ({ generation, expiresAt, lifetimeMs }) =>
      generation > Math.min(run.need.notGeneration, firstGeneration) &&
      // Callers that waited for a token get it even if it expired on arrival. They do not get a token that had a longer
      // lifetime and expired while the page was frozen.
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

/** Returns the name of the lock that an attempt's owner holds until it ends. */
export function ownerLock(attemptId: string): string {
  return `own/${attemptId}`;
}

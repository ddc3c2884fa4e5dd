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

/** The seven ports through which the machine reaches everything else. */
export interface RefreshPorts {
  store: SessionStore;
  locks: TabLock;
  channel: TabChannel;
  clock: Clock;
  page: PageLifecycle;
  random: Random;
  send: Send;
}

/** One pass of this tab through the machine, for one need. */
export interface Run {
  readonly ports: RefreshPorts;
  readonly timing: RefreshTiming;
  readonly client: ClientKey;
  readonly tab: string;
  readonly need: RefreshNeed;
  /** For how long the server accepts a used refresh token again, if the app knows. Milliseconds. */
  readonly reuseLeewayMs: number | undefined;
  /** Returns whether a caller in this tab waits for the run. */
  readonly isAwaited: () => boolean;
  /** Called when the run ends without the row's attempt, whose owner may have ended. */
  readonly onOpenAttempt: (attempt: SessionAttempt) => void;
  /** Called when a stored ID token has a pending signature and no keys are cached. `delayMs`: when to fetch the keys. */
  readonly onPending: (delayMs: number) => void;
  /** Called when a response arrived and the store fails: callers may have the token. */
  readonly onUnstored: (responded: SentAttempt) => void;
  /** The generation that the run read first. A newer token serves the run even if it expired on arrival. */
  firstGeneration: number | undefined;
  /** The session of the run, once the row is read. */
  sessionId: string | undefined;
  /** The generation that this run has stored. */
  committedGen: number | undefined;
  /** `sequence` of the attempt whose request in flight was waited out. */
  passed: number | undefined;
  /** `sequence` of the attempt after which this run has paused. */
  paused: number | undefined;
  /** Why the last send or write failed. */
  failure: unknown;
}

/** A row, and the target of its token that serves a run. */
export interface SentAttempt {
  readonly row: SessionRow;
  readonly target: TargetKey;
}

/** Returns the key of the run's session. */
export function rowKey(run: Run): string {
  return sessionKey(run.client, run.need.user);
}

/** Returns the target of the row's token that serves this run's need, if there is one. */
export function satisfying(run: Run, row: SessionRow): TargetKey | undefined {
  const now = run.ports.clock.now();
  const { firstGeneration = row.generation } = run;
  return findAccess(
    row,
    run.need.target,
    // A larger `notGeneration` than the row's belongs to another session. A token newer than the first read then serves.
    ({ generation, expiresAt, lifetimeMs }) =>
      generation > Math.min(run.need.notGeneration, firstGeneration) &&
      // A token that expired on arrival serves callers that waited for it. One that expired in a frozen page does not.
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

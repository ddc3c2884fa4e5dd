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

/** Everything the machine touches: seven ports. */
export interface RefreshPorts {
  store: SessionStore;
  locks: TabLock;
  channel: TabChannel;
  clock: Clock;
  page: PageLifecycle;
  random: Random;
  send: Send;
}

/** One tab's way through the machine for one need. */
export interface Run {
  readonly ports: RefreshPorts;
  readonly timing: RefreshTiming;
  readonly client: ClientKey;
  readonly tab: string;
  readonly need: RefreshNeed;
  /** For how long the server forgives a second use of a refresh token, when the app knows. Milliseconds. */
  readonly reuseLeewayMs: number | undefined;
  /** Somebody in this tab waits for it. */
  readonly isAwaited: () => boolean;
  /** There is a token and an attempt for another want that may have nobody any more. */
  readonly onOpenAttempt: (attempt: SessionAttempt) => void;
  /** The signature of the stored ID token is not validated, and no key is at hand. The keys are to be fetched in `delayMs`. */
  readonly onPending: (delayMs: number) => void;
  /** The server's answer is there and the store is not: callers may have it. */
  readonly onUnstored: (responded: SentAttempt) => void;
  /** The generation the run began with: an answer newer than it serves even when it was born expired. */
  firstGeneration: number | undefined;
  /** The session it is about, once it was read. */
  sessionId: string | undefined;
  /** The generation this tab committed itself, if it did. */
  committedGen: number | undefined;
  /** The attempt whose ghosts were waited for. */
  passed: number | undefined;
  /** The attempt after which this tab has paused. */
  paused: number | undefined;
  /** Why the last send did not help. */
  failure: unknown;
}

/** A row with a token that serves, and for which want. */
export interface SentAttempt {
  readonly row: SessionRow;
  readonly target: TargetKey;
}

export function rowKey(run: Run): string {
  return sessionKey(run.client, run.need.user);
}

/** The want of the row that serves this run's need, if one does. */
export function satisfying(run: Run, row: SessionRow): TargetKey | undefined {
  const now = run.ports.clock.now();
  const { firstGeneration = row.generation } = run;
  return findAccess(
    row,
    run.need.target,
    // A generation from the future is another session's; what came after the first look is newer than what was held.
    ({ generation, expiresAt, lifetimeMs }) =>
      generation > Math.min(run.need.notGeneration, firstGeneration) &&
      // Born expired, or nearly, it serves who waited; what ran out while this page slept serves nobody.
      (remainingMs({ expiresAt, lifetimeMs }, now) > 0 ||
        (generation > firstGeneration && (lifetimeMs ?? 0) <= run.timing.bornExpiredMs)),
  );
}

/** Somebody who can see the page waits for it. */
export function isForeground({ ports, isAwaited }: Run): boolean {
  return ports.page.visible() && isAwaited();
}

export function broadcast(run: Run, sessionId: string, news: TabNews): void {
  run.ports.channel.post({ protocol: 2, key: run.need.user, from: run.tab, sessionId, ...news });
}

/** The lock that an attempt's owner holds for as long as it lives. */
export function ownerLock(attemptId: string): string {
  return `own/${attemptId}`;
}

import type { Clock, Page, Random, TabChannel, TabLock } from "../core/ports.ts";
import type { RefreshNeed, Send } from "../core/refresher.ts";
import { findAccess, type SessionRow, type SessionStore } from "../core/session.ts";
import { sessionKey, type ClientKey } from "../core/keys.ts";
import type { TabNews } from "../core/message.ts";
import type { WantKey } from "../core/want.ts";

/** Everything the machine touches: seven ports. */
export interface RefreshPorts {
  store: SessionStore;
  locks: TabLock;
  channel: TabChannel;
  clock: Clock;
  page: Pick<Page, "online" | "onOnline">;
  random: Random;
  send: Send;
}

/** Milliseconds. */
export interface RefreshTiming {
  /** How long a caller waits before a TimeoutError; the attempt goes on. */
  patienceMs: number;
  /** After a refusal this tab does not ask for that want again for so long. */
  cooldownMs: number;
  /** The same after an answer that had already expired. */
  bornExpiredMs: number;
  backOffBaseMs: number;
  backOffCapMs: number;
}

export const REFRESH_TIMING: RefreshTiming = {
  patienceMs: 30_000,
  cooldownMs: 60_000,
  bornExpiredMs: 10_000,
  backOffBaseMs: 300,
  backOffCapMs: 30_000,
};

/** One tab's way through the machine for one need. */
export interface Run {
  readonly ports: RefreshPorts;
  readonly timing: RefreshTiming;
  readonly client: ClientKey;
  readonly tab: string;
  readonly need: RefreshNeed;
  /** The generation the run began with: an answer newer than it serves even when it was born expired. */
  firstGen: number | undefined;
  /** The session it is about, once it was read. */
  sid: string | undefined;
  /** The generation this tab committed itself, if it did. */
  committedGen: number | undefined;
  /** Why the last send did not help. */
  failure: unknown;
}

export function rowKey(run: Run): string {
  return sessionKey(run.client, run.need.user);
}

/** The want of the row that serves this run's need, if one does. */
export function satisfying(run: Run, row: SessionRow): WantKey | undefined {
  const now = run.ports.clock.now();
  run.firstGen ??= row.gen;
  run.sid = row.sid;
  const firstGen = run.firstGen;
  return findAccess(
    row,
    run.need.want,
    // A generation from the future is another session's; what came after the first look is newer than what was held.
    ({ gen, expiresAt }) =>
      gen > Math.min(run.need.notGen, firstGen) && (expiresAt > now || gen > firstGen),
  );
}

export function tell(run: Run, sid: string, news: TabNews): void {
  run.ports.channel.post({ p: 1, k: run.need.user, from: run.tab, sid, ...news });
}

/** The lock that an attempt's owner holds for as long as it lives. */
export function ownerLock(attId: string): string {
  return `own/${attId}`;
}

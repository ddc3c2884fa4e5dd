import type { Clock, TabChannel, TabLock, TabLockOptions } from "../../src/core/ports.ts";
import type { RefreshTiming } from "../../src/refresh/timing.ts";
import { record, type Stage } from "./stage.ts";
import type { TabLife } from "./tab-life.ts";

const OWN = "own/";

/**
 * Owners' locks where Web Locks are missing: nobody else can take the name, so only its end is of interest, and messages or
 * a long silence tell of that. Every other name is granted at once.
 */
export function messageLocks(
  stage: Stage,
  life: TabLife,
  { channel, clock }: { channel: TabChannel; clock: Clock },
): TabLock {
  const { takeoverMs, tickMs }: RefreshTiming = stage.timing;
  const gone = new Set<string>();
  const held = new Map<string, Promise<void>>();
  const heard = new Map<string, number>();
  channel.listen((message) => {
    if (message.t === "gone") gone.add(message.attId);
    if (message.t === "alive" || message.t === "claim") heard.set(message.attId, clock.mono());
  });
  life.onDeath(() => {
    for (const attId of held.keys()) record(stage, { what: "owner end", attId });
  });

  async function hold<T>(attId: string, callback: (granted: boolean) => Promise<T>): Promise<T> {
    let release = () => {};
    held.set(attId, new Promise((resolve) => (release = resolve)));
    try {
      return await callback(true);
    } finally {
      held.delete(attId);
      gone.add(attId);
      release();
      record(stage, { what: "owner end", attId });
    }
  }

  /** Silence counts only while this tab runs. */
  async function ended(attId: string, signal: AbortSignal | undefined): Promise<void> {
    let silentMs = 0;
    let last = clock.mono();
    while (!gone.has(attId) && silentMs < takeoverMs) {
      await Promise.race([clock.sleep(tickMs, signal), ...waits(attId)]);
      const now = clock.mono();
      const isHeld = held.has(attId) || (heard.get(attId) ?? -1) >= last;
      silentMs = isHeld ? 0 : silentMs + Math.min(now - last, 2 * tickMs);
      last = now;
    }
  }

  function waits(attId: string): Promise<void>[] {
    const own = held.get(attId);
    return own ? [own] : [];
  }

  return {
    request: async <T>(
      name: string,
      { mode, ifAvailable, signal }: TabLockOptions,
      callback: (granted: boolean) => Promise<T>,
    ): Promise<T> => {
      if (!name.startsWith(OWN)) return callback(true);
      const attId = name.slice(OWN.length);
      if (mode === "exclusive") return hold(attId, callback);
      if (ifAvailable) return callback(gone.has(attId));
      await ended(attId, signal);
      signal?.throwIfAborted();
      return callback(true);
    },
    query: () => Promise.resolve(),
  };
}

import { stirred } from "./back-off.ts";
import type { Owner } from "./owner.ts";
import { isLookedAt, rowKey, type Run } from "./run.ts";
import type { ClaimedRow } from "./transactions.ts";

export interface Pause {
  readonly ms: number;
  /** Not shortened by anybody who wakes or looks. */
  readonly leastMs: number;
  /** The server asked for it: a better network would not help. */
  readonly isServers: boolean;
}

/**
 * Between two sends of an attempt. Ends early when the attempt was overtaken, or its session is another one; when the page
 * wakes, unless the server is why; and soon after somebody looks who did not when it began.
 */
export async function pauseAttempt(
  run: Run,
  owner: Owner,
  claimed: ClaimedRow,
  { ms, leastMs, isServers }: Pause,
): Promise<void> {
  const { clock, random } = run.ports;
  const { tickMs, backOffCapMs } = run.timing;
  const begun = clock.mono();
  // Timers drop the fraction of a millisecond, and the rest of one would be waited for once more.
  let end = begun + Math.trunc(ms);
  let looked = isLookedAt(run);
  for (let now = begun; now < end; now = clock.mono()) {
    // Only what may have been missed is looked for again and again.
    const isQuiet = looked && !owner.isReleased;
    const what = await stirred(run, isQuiet ? end - now : Math.min(end - now, tickMs));
    if ((what === "news" || owner.isReleased) && (await isOvertaken(run, claimed))) return;
    if (what === "woken" && !isServers) {
      end = Math.min(end, begun + leastMs);
    }
    if (!looked && isLookedAt(run)) {
      looked = true;
      const soon = clock.mono() + backOffCapMs * random.fraction();
      end = Math.min(end, Math.max(begun + leastMs, soon));
    }
  }
}

async function isOvertaken(run: Run, { sid, gen, att }: ClaimedRow): Promise<boolean> {
  try {
    const row = await run.ports.store.get(rowKey(run));
    return row?.sid !== sid || row.gen !== gen || row.att?.seq !== att.seq;
  } catch {
    // A store that fails says nothing.
    return false;
  }
}

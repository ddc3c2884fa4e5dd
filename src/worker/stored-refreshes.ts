import { abortable } from "../core/abortable.ts";
import { TimeoutError } from "../core/errors.ts";
import { sessionKey, type ClientKey } from "../core/keys.ts";
import type { Clock } from "../core/ports.ts";
import type { Refresher } from "../core/refresher.ts";
import { isNewer, type SessionRow, type SessionStore } from "../core/session.ts";
import type { TokenSet } from "../core/token-set.ts";
import type { WorkerRefreshes } from "./refresh-server.ts";

/** If the new tokens cannot be stored within this time, the page gets an error. Milliseconds. */
const STORE_MS = 5_000;

/** The objects that `storedRefreshes()` uses. */
export interface StoredRefreshesParts {
  readonly client: ClientKey;
  readonly refresher: Pick<Refresher, "refresh">;
  readonly store: Pick<SessionStore, "get">;
  readonly clock: Clock;
}

/**
 * Returns the refreshes for the pages of a worker. A page reads its token from the session row, so `refresh()` resolves only when
 * the token is in the row. `refresher` also resolves with a token that could not be stored yet, for example because the disk is
 * full.
 * @throws TimeoutError from `refresh()`: the worker could not store the new tokens within `STORE_MS`. The worker tries again in
 * the background
 */
export function storedRefreshes(parts: StoredRefreshesParts): WorkerRefreshes {
  const { client, refresher, store, clock } = parts;
  const reads = new Map<string, Promise<SessionRow | undefined>>();
  /** Requests of many tabs share a running read. Otherwise, the write of the first request would wait for all their reads. */
  const read = (user: string) => {
    const running = reads.get(user);
    if (running) return running;
    const started = store.get(sessionKey(client, user)).finally(() => reads.delete(user));
    reads.set(user, started);
    return started;
  };
  const isStored = async (user: string, { generation = 0 }: TokenSet) => {
    // A read that was shared can be older than the write. The wait below then finds the tokens at once.
    const row = await read(user);
    // If the row has no newer tokens because the session has ended, the page reads the reason from the row.
    return !row || isNewer(row) || row.end !== null || row.generation >= generation;
  };

  return {
    read,
    async refresh(need, signal) {
      const tokens = await refresher.refresh(need, signal);
      if (await isStored(need.user, tokens)) return tokens;
      const leave = new AbortController();
      const late = clock.sleep(STORE_MS, leave.signal).then(() => Promise.reject(notStored()));
      // The attempt is still in the row, so a further call waits until the tokens are in the row.
      const waited = refresher.refresh(need, leave.signal);
      try {
        await abortable(Promise.race([waited, late]), signal);
        if (await isStored(need.user, tokens)) return tokens;
        throw notStored();
      } finally {
        leave.abort();
        for (const ended of [waited, late]) ended.catch(() => {});
      }
    },
  };
}

function notStored(): TimeoutError {
  return new TimeoutError(`the worker could not store the new tokens within ${STORE_MS} ms`, {
    pending: true,
  });
}

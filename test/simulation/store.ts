import { StorageError } from "../../src/core/errors.ts";
import type { SessionRow, SessionStore, TokenRecord } from "../../src/core/session.ts";
import { record, strikes, type Stage } from "./stage.ts";
import type { TabLifecycle } from "./tab-life.ts";
import type { Claim, Writing } from "./trace.ts";

/** Timeout of every call. Milliseconds. */
export const IDB_TIMEOUT_MS = 5_000;

/** Rows by key. Rows are frozen, so that no tab sees changes of another tab outside of the store. */
export type Rows = Map<string, SessionRow>;

/** A tab's view of the store, with the claims that its last T1s wrote. */
export interface TabStore extends SessionStore {
  /** Returns the current row at once. For the simulation, not for the code under test. */
  peek(key: string): SessionRow | undefined;
  /** The last claim of this tab, by user. */
  readonly lastClaims: ReadonlyMap<string, Claim>;
}

/** The store of one tab. Calls take time, are aborted when the tab freezes, and never settle in a closed tab. */
export function tabStore(
  stage: Stage,
  life: TabLifecycle,
  rows: Rows,
  userOf: (key: string) => string,
  makeError: (message: string) => Error = (message) => new StorageError(message),
): TabStore {
  const { scheduler, weather, prng } = stage;
  const live = new Set<() => void>();
  life.onSleep(() => {
    for (const abort of [...live]) abort();
  });

  const call = <T>(work: () => T, onDone: (result: T) => void = () => {}): Promise<T> => {
    if (life.isFrozen) record(stage, { what: "frozen begin", tab: life.name });
    const [beforeMs, afterMs] = latency();
    if (beforeMs + afterMs === 0) {
      const result = work();
      onDone(result);
      return Promise.resolve(result);
    }
    const begun = scheduler.now;
    return new Promise((resolve, reject) => {
      let state: "begun" | "applied" | "settled" = "begun";
      const settle = (end: () => void) => {
        if (state === "settled") return;
        state = "settled";
        scheduler.cancel(watchdog);
        live.delete(abort);
        record(stage, { what: "transaction", tab: life.name, ms: scheduler.now - begun });
        end();
      };
      const fail = (reason: string) => settle(() => reject(makeError(reason)));
      // A call that is applied settles when the tab runs again. Every other call is undone.
      const abort = () => {
        if (state !== "begun") return;
        state = "settled";
        scheduler.cancel(watchdog);
        live.delete(abort);
        life.deliver("result", () => reject(makeError("aborted")));
      };
      live.add(abort);
      const watchdog = scheduler.after(IDB_TIMEOUT_MS, () =>
        life.deliver("timer", () => fail("no response")),
      );
      scheduler.after(beforeMs, () =>
        life.deliver("result", () => {
          if (state !== "begun") return;
          if (strikes(stage, "failing storage", 0.1)) return fail("failed");
          const result = work();
          state = "applied";
          scheduler.after(afterMs, () =>
            life.deliver("result", () => {
              // The row is written, but the call fails.
              if (strikes(stage, "failing storage", 0.1)) return fail("closing");
              settle(() => {
                onDone(result);
                resolve(result);
              });
            }),
          );
        }),
      );
    });
  };

  function latency(): [beforeMs: number, afterMs: number] {
    if (weather.slowStorage && prng.chance(0.4)) {
      const ms = prng.between(0, 4_000);
      const before = ms * prng.fraction();
      return [before, ms - before];
    }
    if (prng.chance(0.6) && !stage.mix.faults.has("failing storage")) return [0, 0];
    return [prng.between(0, 5), prng.between(0, 15)];
  }

  const lastClaims = new Map<string, Claim>();
  return {
    lastClaims,
    peek: (key) => rows.get(key),
    get: (key) => call(() => rows.get(key)),
    update: (key, change) => {
      let claim: Claim | undefined;
      return call(
        () => {
          const before = rows.get(key);
          const after = change(before);
          // Not compared with `NO_CHANGE`, because the copy of a mutant has its own symbol.
          if (typeof after === "symbol") return before;
          if (after === undefined) throw new Error("the simulation deletes no row");
          rows.set(key, frozen(after));
          const kind = writing(before, after);
          record(stage, {
            what: "write",
            tab: life.name,
            user: userOf(key),
            kind,
            ...(before && { before }),
            after: rows.get(key)!,
          });
          if (kind === "claim") {
            const { id: attemptId, sequence, uncertainSends } = after.attempt!;
            claim = { attemptId, sequence, uncertainSends, sessionId: after.sessionId };
            stage.atPoint("claimed", life.name);
          }
          if (kind === "commit") stage.atPoint("committed", life.name);
          return rows.get(key);
        },
        () => {
          if (!claim) return;
          lastClaims.set(userOf(key), claim);
          stage.atPoint("permitted", life.name);
        },
      );
    },
    seal: (tokens) => Promise.resolve(tokens),
    open: (tokens) => Promise.resolve(tokens as TokenRecord),
  };
}

function writing(before: SessionRow | undefined, after: SessionRow): Writing {
  if (before?.sessionId !== after.sessionId) return after.end ? "logout" : "login";
  if (after.end && !before.end) return "end";
  if (after.generation !== before.generation) return "commit";
  return after.sequence === before.sequence ? "other" : "claim";
}

/** Freezes deeply. Values from an earlier row are frozen already. */
function frozen<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const name in value) frozen(value[name]);
  return Object.freeze(value);
}

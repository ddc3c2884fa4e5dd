import type { Clock, Random, TabChannel, TabLock } from "../../src/core/ports.ts";
import type { Refresher, Send } from "../../src/core/refresher.ts";
import { UntoldLogouts } from "../../src/auth/logout/untold-logouts.ts";
import type { WorkerHandle } from "../../src/worker/worker-connection.ts";
import type { Broadcast } from "./channel.ts";
import { messageLocks } from "./message-locks.ts";
import type { Network } from "./network.ts";
import { tabClock, tabPage, tabRandom } from "./ports.ts";
import { record, type Stage } from "./stage.ts";
import { tabStore, type Rows, type TabStore } from "./store.ts";
import type { Subject } from "./subject.ts";
import { TabLifecycle } from "./tab-life.ts";
import type { WebLocks } from "./web-locks.ts";

export const CLIENT = "issuer,client";

/** The parts that all tabs of one browser share. */
export interface Machine {
  readonly stage: Stage;
  readonly subject: Subject;
  readonly rows: Rows;
  readonly webLocks: WebLocks;
  readonly broadcast: Broadcast;
  readonly network: Network;
  /** Returns the user of a row's key. */
  readonly userOf: (key: string) => string;
  /** Connects a page to the shared worker, in a mix with workers. */
  readonly connect: (page: TabLifecycle) => WorkerHandle;
}

/** An open tab and its ports. */
export interface Tab {
  readonly life: TabLifecycle;
  readonly store: TabStore;
  readonly locks: TabLock;
  readonly channel: TabChannel;
  readonly clock: Clock;
  readonly random: Random;
  readonly send: Send;
  readonly refresher: Refresher;
  readonly untold: UntoldLogouts;
}

/** Opens a tab with its own ports, refresher and lifecycle. A worker is a tab that is always visible and gets no page events. */
export function openTab(machine: Machine, name: string, kind: "page" | "worker" = "page"): Tab {
  const { stage, subject, rows, webLocks, broadcast, network, userOf } = machine;
  const { mix, prng } = stage;
  const life = new TabLifecycle(stage, name, kind === "worker" || prng.chance(0.6));
  const store = tabStore(stage, life, rows, userOf, (text) => new subject.StorageError(text));
  const channel = broadcast.of(life);
  const clock = tabClock(stage, life);
  const random = tabRandom(stage, life);
  const timing = { ...stage.timing, ...subject.timing };
  const { takeoverMs } = timing;
  const locks = mix.webLocks
    ? webLocks.of(life)
    : messageLocks(stage, life, new subject.BroadcastTabLock({ channel, clock, takeoverMs }));
  const page = tabPage(stage, life);
  const untold = new UntoldLogouts();
  // The pauses of a revocation are no back-off of a refresh, so the trace leaves them out.
  const unrecorded = tabClock({ ...stage, trace: [] }, life);
  const server = network.serverOf(life);
  const parts = {
    client: CLIENT,
    sessions: store,
    locks,
    clock: unrecorded,
    server,
    page: { lifecycle: page },
    untold,
  };
  const revoke: Send["revoke"] = (user, token) => subject.revoke(parts, user, token);
  const send = { ...network.of(life, clock, store), revoke };
  const own = new subject.RefreshCoordinator({
    client: CLIENT,
    tab: name,
    timing,
    ...(mix.leeway.told !== undefined && { reuseLeewayMs: mix.leeway.told }),
    ports: { store, locks, channel, clock, page, random, send },
  });
  const refresher =
    kind === "page" && mix.faults.has("worker")
      ? new subject.WorkerRefresher({
          open: () => machine.connect(life),
          own: {
            prepare: () => own.prepare(),
            validate: (user) => own.validate(user),
            refresh: (...need) => {
              record(stage, { what: "own", tab: name });
              return own.refresh(...need);
            },
          },
          loadError: () => Promise.resolve(subject.RequestTokenError),
          warn: () => {},
          client: CLIENT,
          worker: { issuer: "issuer", clientId: "client", timing },
          ports: { store, locks, clock: unrecorded, page },
        })
      : own;
  return { life, store, locks, channel, clock, random, send, refresher, untold };
}

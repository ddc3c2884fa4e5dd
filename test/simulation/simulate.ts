import { sessionKey } from "../../src/core/keys.ts";
import { App, TARGETS } from "./app.ts";
import { Broadcast } from "./channel.ts";
import { Faults } from "./faults.ts";
import { violations, type Violation } from "./invariants.ts";
import type { Mix } from "./mixes.ts";
import { Network } from "./network.ts";
import { Prng } from "./prng.ts";
import { Scheduler } from "./scheduler.ts";
import { Server } from "./server.ts";
import { FINE, TIMING, type Stage } from "./stage.ts";
import type { Rows } from "./store.ts";
import { ORIGINAL, type Subject } from "./subject.ts";
import { CLIENT, openTab, type Machine, type Tab } from "./tab.ts";
import type { Trace } from "./trace.ts";
import { WebLocks } from "./web-locks.ts";
import { Workers } from "./worker.ts";

/** The events of a run, and the invariants that it violated. */
export interface Outcome {
  readonly trace: Trace;
  readonly violations: readonly Violation[];
}

/** Time for all pending calls to end. Milliseconds. */
const PATIENCE_MS = 400_000;
/** Longer than any refusal is valid. Milliseconds. */
const REFUSED_MS = 3_660_000;
/** Time for all requests and messages in flight to arrive. Milliseconds. */
const REST_MS = 65_000;

/** Runs a mix once. The same seed gives the same run. */
export async function simulate(mix: Mix, seed: number, subject = ORIGINAL): Promise<Outcome> {
  const prng = new Prng(`${mix.name} ${seed}`);
  const scheduler = new Scheduler();
  const stage: Stage = {
    mix,
    timing: { ...TIMING, ...subject.timing },
    prng,
    scheduler,
    weather: { ...FINE },
    trace: [],
    lifetimeMs: prng.between(10_000, 60_000),
    atPoint: () => {},
  };
  const server = new Server(stage);
  const { tabs, users, open, workers } = machineOf(stage, server, subject);
  const app = new App(stage, subject, server);
  const faults = new Faults(stage, app, { tabs, users, open: () => askAtOnce(), workers });
  stage.atPoint = (point, name) => faults.atPoint(point, name);

  const ask = (tab: Tab, user: string, target = prng.pick(TARGETS)) => {
    if (tab.life.state !== "awake") return;
    const row = tab.store.peek(sessionKey(CLIENT, user));
    const notGeneration = prng.chance(0.15) ? (row?.generation ?? -1) : -1;
    void app.ask(tab, user, target, notGeneration);
  };
  const askAtOnce = () => {
    const tab = open();
    for (const user of users)
      for (const target of TARGETS) if (prng.chance(0.5)) ask(tab, user, target);
  };

  for (let n = prng.between(2, 5); n >= 1; n--) open();
  for (const user of users) await signedIn(scheduler, app, tabs[0]!, user);
  const begun = scheduler.now;
  const endMs = prng.between(40_000, 90_000);
  // In bursts, because tabs resume together.
  for (let n = prng.between(3, 8); n >= 1; n--) {
    const spreadMs = prng.pick([20, 2_000]);
    scheduler.after(prng.between(0, endMs), () => {
      for (const tab of [...tabs]) {
        for (const user of users) {
          for (const target of TARGETS) {
            if (prng.chance(0.4)) {
              scheduler.after(prng.anyScale(1, spreadMs), () => ask(tab, user, target));
            }
          }
        }
      }
    });
  }
  for (let n = prng.between(0, 4); n >= 1; n--) {
    scheduler.after(prng.between(0, endMs), () => {
      const { life } = prng.pick(tabs);
      life.visible = !life.visible;
      if (life.visible) life.tell("visible");
    });
  }
  faults.begin(endMs);
  await scheduler.run(begun + endMs + 1_000);
  const isOver = () => [...app.waiting.values()].every(({ life }) => life.state === "dead");
  const askEverything = async () => {
    for (const tab of tabs)
      for (const user of users) for (const target of TARGETS) ask(tab, user, target);
    await scheduler.run(scheduler.now + PATIENCE_MS, isOver);
    await scheduler.run(scheduler.now + REST_MS);
  };
  await askEverything();
  const rowOf = (user: string) => tabs[0]!.store.peek(sessionKey(CLIENT, user))!;
  if (users.some((user) => Object.keys(rowOf(user).refusals ?? {}).length > 0)) {
    await scheduler.run(scheduler.now + REFUSED_MS);
    await askEverything();
  }
  const rows: Rows = new Map(users.map((user) => [user, rowOf(user)]));
  return {
    trace: stage.trace,
    violations: violations({ trace: stage.trace, mix, timing: TIMING, server, rows }),
  };
}

function machineOf(
  stage: Stage,
  server: Server,
  subject: Subject,
): { tabs: Tab[]; users: string[]; open: () => Tab; workers: Workers } {
  const users = stage.prng.chance(0.25) ? ["ada", "grace"] : ["ada"];
  const keys = new Map(users.map((user) => [sessionKey(CLIENT, user), user]));
  const machine: Machine = {
    stage,
    subject,
    rows: new Map(),
    webLocks: new WebLocks(stage),
    broadcast: new Broadcast(stage),
    network: new Network(stage, server, subject),
    userOf: (key) => keys.get(key)!,
    connect: (page) => workers.connect(page),
  };
  const workers = new Workers(stage, subject, (name) => openTab(machine, name, "worker"));
  const tabs: Tab[] = [];
  const open = () => {
    const tab = openTab(machine, `t${tabs.length}`);
    tabs.push(tab);
    return tab;
  };
  return { tabs, users, open, workers };
}

/** A run starts with a session, so the login is repeated until the failing store has stored it. */
async function signedIn(scheduler: Scheduler, app: App, tab: Tab, user: string): Promise<void> {
  while (!tab.store.peek(sessionKey(CLIENT, user))) {
    let isOver = false;
    void app.login(tab, user).finally(() => (isOver = true));
    await scheduler.run(scheduler.now + 60_000, () => isOver);
  }
}

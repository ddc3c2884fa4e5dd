import type { App } from "./app.ts";
import type { Fault } from "./mixes.ts";
import { FINE, record, type Point, type Stage, type Weather } from "./stage.ts";
import type { Tab } from "./tab.ts";
import type { Workers } from "./worker.ts";

/** The tabs and users that faults may hit. */
export interface Victims {
  /** All tabs that were ever opened, closed ones included. */
  readonly tabs: readonly Tab[];
  readonly users: readonly string[];
  readonly workers: Workers;
  /** Opens a new tab. */
  open(): void;
}

type Strike = (tab: Tab) => void;

/** Injects faults at random instants, and while a tab owns an attempt. */
export class Faults {
  readonly #stage: Stage;
  readonly #app: App;
  readonly #victims: Victims;
  readonly #kinds: readonly (readonly [Fault, Strike])[];
  #left: number;

  constructor(stage: Stage, app: App, victims: Victims) {
    this.#stage = stage;
    this.#app = app;
    this.#victims = victims;
    this.#left = 3 + Math.floor(stage.prng.between(0, 6));
    this.#kinds = Object.entries(this.#strikes())
      .map(([fault, strike]) => [fault as Fault, strike] as const)
      .filter(([fault]) => stage.mix.faults.has(fault));
  }

  /** Injects faults until `endMs`. Then every fault ends. */
  begin(endMs: number): void {
    const { scheduler, weather, mix, prng } = this.#stage;
    if (mix.faults.has("slow storage")) weather.slowStorage = prng.chance(0.8);
    for (let n = prng.between(1, 4); n > 0 && this.#kinds.length > 0; n--) {
      scheduler.after(prng.between(0, endMs), () => this.#strike(prng.pick(this.#living())));
    }
    scheduler.after(endMs, () => this.#calm());
  }

  atPoint(_: Point, name: string): void {
    const { scheduler, weather, prng } = this.#stage;
    if (!weather.faulty || this.#kinds.length === 0 || !prng.chance(0.2)) return;
    const tab = this.#victims.tabs.find(({ life }) => life.name === name);
    const ms = prng.chance(0.5) ? 0 : prng.anyScale(1, 3_000);
    // The owner of an attempt may be a worker. A fault then hits the worker, or a page that waits for it.
    const page = tab ?? (prng.chance(0.5) ? prng.pick(this.#living()) : undefined);
    scheduler.after(ms, () => (page ? this.#strike(page) : this.#strikeWorker()));
  }

  #strike(tab: Tab | undefined): void {
    if (!tab || this.#left === 0 || !this.#stage.weather.faulty) return;
    const [fault, strike] = this.#stage.prng.pick(this.#kinds);
    this.#left--;
    record(this.#stage, { what: "fault", kind: fault, tab: tab.life.name });
    strike(tab);
  }

  /** Workers get no event when they end or hang. */
  #strikeWorker(): void {
    const { prng, scheduler, weather } = this.#stage;
    const worker = this.#victims.workers.current;
    if (!worker || this.#left === 0 || !weather.faulty) return;
    this.#left--;
    const { life } = worker;
    record(this.#stage, { what: "fault", kind: "worker", tab: life.name });
    if (prng.chance(0.7)) return life.die();
    life.hang();
    scheduler.after(this.#while(), () => life.wake());
  }

  #living(): readonly Tab[] {
    return this.#victims.tabs.filter(({ life }) => life.state !== "dead");
  }

  #calm(): void {
    const { weather, scheduler } = this.#stage;
    const { wallOffsetMs, online } = weather;
    Object.assign(weather, FINE, { faulty: false, wallOffsetMs });
    record(this.#stage, { what: "calm" });
    this.#victims.workers.current?.life.wake();
    for (const { life } of this.#living()) {
      life.wake();
      if (!online) scheduler.after(0, () => life.tell("online"));
    }
    if (this.#living().length === 0) this.#victims.open();
  }

  #strikes(): Partial<Record<Fault, Strike>> {
    const { prng, scheduler } = this.#stage;
    const wakeLater = ({ life }: Tab, ms: number) => {
      record(this.#stage, { what: "fault", kind: "resumes after", tab: life.name, ms });
      scheduler.after(ms, () => life.wake());
    };
    const reopenLater = () => scheduler.after(prng.between(50, 3_000), () => this.#victims.open());
    return {
      worker: () => this.#strikeWorker(),
      crash: ({ life }) => {
        life.die();
        this.#victims.workers.crashed(life);
        if (this.#living().length < 2) reopenLater();
      },
      reload: ({ life }) => {
        if (prng.chance(0.5)) life.unload();
        else life.die();
        reopenLater();
      },
      freeze: (tab) => {
        tab.life.freeze();
        if (prng.chance(0.1)) scheduler.after(prng.between(0, 30_000), () => tab.life.die());
        else wakeLater(tab, this.#while());
      },
      hang: (tab) => {
        tab.life.hang();
        wakeLater(tab, this.#while());
      },
      bfcache: (tab) => {
        tab.life.cache();
        if (prng.chance(0.3)) scheduler.after(prng.between(0, 40_000), () => tab.life.die());
        else wakeLater(tab, prng.anyScale(200, 40_000));
        if (this.#living().filter(({ life }) => !life.isFrozen).length < 2) reopenLater();
      },
      offline: () => this.#change({ online: false }, prng.anyScale(200, 40_000)),
      outage: () =>
        this.#change(
          { outage: prng.pick(["silent", "503", "500"] as const) },
          prng.anyScale(500, 40_000),
        ),
      "too many": () => this.#change({ outage: "429" }, prng.anyScale(500, 40_000)),
      "slow storage": () => this.#change({ slowStorage: true }, prng.between(1_000, 30_000)),
      keys: () => this.#change({ keysDown: true }, prng.anyScale(500, 40_000)),
      "clock jump": () => {
        const sign = prng.chance(0.5) ? 1 : -1;
        this.#stage.weather.wallOffsetMs += sign * prng.anyScale(1_000, 7_200_000);
      },
      session: (tab) => this.#changeSession(tab),
    };
  }

  /** A random duration, or one after which other tabs may take over. Milliseconds. */
  #while(): number {
    const { prng } = this.#stage;
    return prng.chance(0.5) ? prng.anyScale(50, 60_000) : prng.between(15_000, 60_000);
  }

  #change(weather: Partial<Weather>, ms: number): void {
    const { scheduler } = this.#stage;
    Object.assign(this.#stage.weather, weather);
    scheduler.after(ms, () => {
      if (!this.#stage.weather.faulty) return;
      for (const key of Object.keys(weather) as (keyof Weather)[]) {
        Object.assign(this.#stage.weather, { [key]: FINE[key] });
      }
      if (weather.online !== undefined) {
        for (const { life } of this.#living()) life.tell("online");
      }
    });
  }

  #changeSession(tab: Tab): void {
    const { prng } = this.#stage;
    const user = prng.pick(this.#victims.users);
    // Only a tab whose code runs can start a login or a logout.
    if (tab.life.state !== "awake") return;
    const logIn = async (at: Tab) => this.#app.login(at, user);
    if (prng.chance(0.3)) return void logIn(tab);
    void this.#app.logout(tab, user);
    this.#stage.scheduler.after(prng.anyScale(20, 20_000), () => {
      const other = this.#living().find(({ life }) => life.state === "awake");
      if (other) void logIn(other);
    });
  }
}

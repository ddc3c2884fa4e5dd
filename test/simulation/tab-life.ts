import type { PageEvent } from "../../src/core/ports.ts";
import { record, type Stage } from "./stage.ts";

/** Where something comes from that runs in a tab. */
type Kind = "timer" | "result" | "message" | "event";

/** Whether a tab's code runs, and what waits until it does. */
export class TabLifecycle {
  readonly name: string;
  /** `hung`: its main thread is busy; no event tells of it. `cached`: in the back/forward cache. */
  state: "awake" | "frozen" | "hung" | "cached" | "dead" = "awake";
  visible: boolean;
  readonly #stage: Stage;
  readonly #listeners = new Set<(event: PageEvent) => void>();
  readonly #sleeps: (() => void)[] = [];
  readonly #deaths: (() => void)[] = [];
  #waiting: { kind: Kind; task: () => void }[] = [];

  constructor(stage: Stage, name: string, visible: boolean) {
    this.#stage = stage;
    this.name = name;
    this.visible = visible;
  }

  /** What the page knows: a hang is not told. */
  get isFrozen(): boolean {
    return this.state === "frozen" || this.state === "cached";
  }

  /** Runs a task of the tab now, or when it wakes, or never. */
  deliver(kind: Kind, task: () => void): void {
    if (this.state === "dead") return;
    if (this.state === "awake" || (this.state === "frozen" && kind === "message")) return task();
    if (this.state === "cached" && kind === "message") return;
    this.#waiting.push({ kind, task });
  }

  onEvent(listener: (event: PageEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Before the page's own listeners hear of `freeze` or `pagehide`. */
  onSleep(listener: () => void): void {
    this.#sleeps.push(listener);
  }

  onDeath(listener: () => void): void {
    this.#deaths.push(listener);
  }

  tell(event: PageEvent): void {
    this.deliver("event", () => this.#dispatch(event));
  }

  freeze(): void {
    if (this.state !== "awake") return;
    this.#sleep("frozen", "freeze");
  }

  cache(): void {
    if (this.state !== "awake") return;
    this.#sleep("cached", "pagehide");
  }

  hang(): void {
    if (this.state === "awake") this.state = "hung";
  }

  wake(): void {
    const { state } = this;
    if (state === "awake" || state === "dead") return;
    this.state = "awake";
    if (state === "frozen") this.#dispatch("resume");
    if (state === "cached") this.#dispatch("pageshow");
    const waiting = this.#waiting;
    this.#waiting = [];
    // Queues of different sources have no order among one another.
    if (this.#stage.prng.chance(0.5)) waiting.sort((a, b) => rank(a.kind) - rank(b.kind));
    for (const { kind, task } of waiting) {
      this.#stage.scheduler.after(0, () => this.deliver(kind, task));
    }
  }

  /** Leaves the page for good, as a reload does. */
  unload(): void {
    if (this.state === "awake") this.#sleep("cached", "pagehide");
    this.die();
  }

  die(): void {
    if (this.state === "dead") return;
    this.state = "dead";
    this.#waiting = [];
    record(this.#stage, { what: "fault", kind: "gone", tab: this.name });
    for (const end of this.#deaths) end();
  }

  #sleep(state: "frozen" | "cached", event: PageEvent): void {
    this.state = state;
    for (const listener of this.#sleeps) listener();
    this.#dispatch(event);
  }

  #dispatch(event: PageEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}

function rank(kind: Kind): number {
  return kind === "timer" ? 0 : 1;
}

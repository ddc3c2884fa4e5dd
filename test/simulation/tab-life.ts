import type { PageEvent } from "../../src/core/ports.ts";
import { record, type Stage } from "./stage.ts";

/** The source of a task that runs in a tab. */
type Kind = "timer" | "result" | "message" | "event";

/** Whether a tab's code runs, and the tasks that wait until it does. */
export class TabLifecycle {
  readonly name: string;
  /** `hung`: the main thread is busy, and no event says so. `cached`: in the bfcache. */
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

  /** Whether the page knows that it is frozen. A page does not know that it hangs. */
  get isFrozen(): boolean {
    return this.state === "frozen" || this.state === "cached";
  }

  /** Runs a task of the tab now, when the tab runs again, or never. */
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

  /** Registers a listener that runs before the page's own listeners for `freeze` and `pagehide`. */
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
    // Tasks of different sources have no guaranteed order.
    if (this.#stage.prng.chance(0.5)) waiting.sort((a, b) => rank(a.kind) - rank(b.kind));
    for (const { kind, task } of waiting) {
      this.#stage.scheduler.after(0, () => this.deliver(kind, task));
    }
  }

  /** Unloads the page, as a reload does. */
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

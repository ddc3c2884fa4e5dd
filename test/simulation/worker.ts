import type { RefreshServer } from "../../src/worker/refresh-server.ts";
import { WORKER_PROTOCOL } from "../../src/worker/messages.ts";
import { workerLock } from "../../src/worker/worker-life.ts";
import type { WorkerHandle, WorkerPort } from "../../src/worker/worker-connection.ts";
import { record, type Stage } from "./stage.ts";
import type { Subject } from "./subject.ts";
import type { TabLifecycle } from "./tab-life.ts";
import type { Tab } from "./tab.ts";

/** A worker of this version, or one with which a page cannot refresh. */
type Version = "this" | "older" | "silent" | "missing";

interface Worker {
  readonly tab: Tab;
  readonly maker: TabLifecycle;
  readonly version: Version;
  readonly server: RefreshServer;
}

/** A page may wait for this long for a script that loads slowly. Milliseconds. */
const SLOW_START_MS = 3_000;
/** The time for which a worker with `extendedLifetime` outlives its last page. Milliseconds. */
const LIFETIME_MS = 30_000;

/**
 * The shared workers of one browser. At most one worker is alive. A worker ends without a message: with the process of the
 * page that made it, some time after its last page, or at once.
 */
export class Workers {
  readonly #stage: Stage;
  readonly #subject: Subject;
  readonly #open: (name: string) => Tab;
  readonly #pages = new Set<TabLifecycle>();
  #current: Worker | undefined;
  #started = 0;

  constructor(stage: Stage, subject: Subject, open: (name: string) => Tab) {
    this.#stage = stage;
    this.#subject = subject;
    this.#open = open;
  }

  /** The worker that is alive. */
  get current(): Tab | undefined {
    return this.#current?.tab;
  }

  /** Connects a page to the worker. Without a living worker, starts one. */
  connect(page: TabLifecycle): WorkerHandle {
    if (!this.#pages.has(page)) {
      this.#pages.add(page);
      page.onDeath(() => this.#left(page));
    }
    const worker = (this.#current ??= this.#start(page));
    const { scheduler, prng } = this.#stage;
    const [pagePort, workerPort] = this.#ports(page, worker.tab.life);
    let onError = () => {};
    const handle: WorkerHandle = {
      port: pagePort,
      addEventListener: (_, listener) => void (onError = listener),
    };
    const startMs = prng.chance(0.9) ? prng.between(0, 300) : prng.between(0, SLOW_START_MS);
    if (worker.version === "missing") {
      scheduler.after(startMs, () => page.deliver("message", () => onError()));
    } else {
      scheduler.after(startMs, () =>
        worker.tab.life.deliver("message", () => this.#serve(worker, workerPort)),
      );
    }
    return handle;
  }

  /** Ends the worker if the page whose process has crashed made the worker. */
  crashed(page: TabLifecycle): void {
    if (this.#current?.maker === page) this.#current.tab.life.die();
  }

  #start(maker: TabLifecycle): Worker {
    const { prng } = this.#stage;
    const tab = this.#open(`w${++this.#started}`);
    const { life, locks, refresher } = tab;
    life.onDeath(() => (this.#current = undefined));
    const isLocked = new Promise<void>((resolve) => {
      const hold = () => {
        resolve();
        return new Promise<never>(() => {});
      };
      locks.request(workerLock(life.name), { mode: "exclusive" }, hold).catch(() => {});
    });
    const server = new this.#subject.RefreshServer({
      worker: life.name,
      isLocked,
      create: () => refresher,
    });
    const version = prng.chance(0.8) ? "this" : prng.pick(["older", "silent", "missing"] as const);
    record(this.#stage, { what: "worker", tab: life.name, version });
    return { tab, maker, version, server };
  }

  #serve({ version, server, tab }: Worker, port: Port): void {
    const isOld = version === "older";
    if (version === "this") server.connect(port);
    // A worker of another version accepts a refresh and does not end it in a way that a page of this version knows.
    port.onmessage ??= ({ data }) => {
      const protocol = isOld ? WORKER_PROTOCOL - 1 : WORKER_PROTOCOL;
      const { type, id } = data as { type: string; id: number };
      if (isOld && type === "hello") port.postMessage({ protocol, type, worker: tab.life.name });
      if (isOld && type === "refresh") port.postMessage({ protocol, type: "accepted", id });
    };
    port.start();
  }

  #left(page: TabLifecycle): void {
    const { scheduler, prng } = this.#stage;
    this.#pages.delete(page);
    const worker = this.#current;
    if (this.#pages.size > 0 || !worker) return;
    // Some browsers end a worker together with its last page.
    scheduler.after(prng.chance(0.3) ? 0 : LIFETIME_MS, () => {
      if (this.#pages.size === 0) worker.tab.life.die();
    });
  }

  #ports(page: TabLifecycle, worker: TabLifecycle): readonly [WorkerPort, Port] {
    const toWorker = this.#port(page, worker);
    const toPage = this.#port(worker, page);
    toWorker.peer = toPage;
    toPage.peer = toWorker;
    toWorker.start();
    return [toWorker, toPage];
  }

  /** One end of a channel. Messages arrive in order, and wait until the other end has started. */
  #port(from: TabLifecycle, to: TabLifecycle): Port {
    const { scheduler } = this.#stage;
    const waiting: unknown[] = [];
    let isStarted = false;
    let isClosed = false;
    const port: Port = {
      onmessage: null,
      peer: undefined,
      postMessage: (message) => {
        if (from.state === "dead" || isClosed) return;
        record(this.#stage, { what: "port", from: from.name, to: to.name, message });
        const data: unknown = structuredClone(message);
        scheduler.after(1, () => {
          if (port.peer!.isClosed()) return;
          if (to.state === "cached") record(this.#stage, { what: "evicted", tab: to.name });
          to.deliver("message", () => port.peer!.receive(data));
        });
      },
      close: () => void (isClosed = true),
      isClosed: () => isClosed,
      receive: (data) => {
        if (!isStarted) waiting.push(data);
        else if (!isClosed) port.onmessage?.({ data } as MessageEvent);
      },
      start: () => {
        isStarted = true;
        for (const data of waiting.splice(0)) port.receive(data);
      },
    };
    return port;
  }
}

interface Port extends WorkerPort {
  peer: Port | undefined;
  isClosed(): boolean;
  receive(data: unknown): void;
  start(): void;
}

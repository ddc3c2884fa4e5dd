import { abortable } from "../core/abortable.ts";
import type { Clock } from "../core/ports.ts";
import type { RefreshNeed } from "../core/refresher.ts";
import {
  parseWorkerMessage,
  WORKER_PROTOCOL,
  type PageMessage,
  type WorkerConfig,
  type WorkerMessage,
  type WorkerOutcome,
} from "./messages.ts";
import { onWorkerEnd, type LifePorts } from "./worker-life.ts";

/** The part of a `SharedWorker` that a page uses. */
export interface WorkerHandle {
  readonly port: WorkerPort;
  addEventListener(type: "error", listener: () => void): void;
}

/** The part of a `MessagePort` that a page and a worker use. */
export interface WorkerPort {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

/**
 * Why a connection has ended.
 * - `unusable`: the worker's script could not be loaded, or the worker sent a message that this version does not know.
 * - `silent`: the worker did not respond in time.
 * - `dead`: the worker has ended.
 * - `away`: this page closed the connection, because the page closes or goes to the bfcache.
 */
export type ConnectionEnd = "unusable" | "silent" | "dead" | "away";

/** The result of one request to a worker. `isAccepted`: whether the worker had begun to work on the request. */
export type Answer =
  | WorkerOutcome
  | { readonly type: "ended"; readonly end: ConnectionEnd; readonly isAccepted: boolean };

interface Call {
  readonly accept: () => void;
  readonly settle: (outcome: WorkerOutcome) => void;
}

/** The connection of this page to one worker. After its end, a connection is never used again. */
export class WorkerConnection {
  /** Resolves when the connection has ended. */
  readonly ended: Promise<ConnectionEnd>;
  readonly #port: WorkerPort;
  readonly #ports: LifePorts & { readonly clock: Clock };
  readonly #calls = new Map<number, Call>();
  /** Resolves with the id of the worker when the worker has responded to `hello`. */
  readonly #hello: Promise<string>;
  #onHello: (worker: string) => void = () => {};
  #onEnd: (end: ConnectionEnd) => void = () => {};
  #lastId = 0;

  constructor(
    handle: WorkerHandle,
    config: WorkerConfig,
    ports: LifePorts & { readonly clock: Clock },
  ) {
    this.#port = handle.port;
    this.#ports = ports;
    this.#hello = new Promise((resolve) => (this.#onHello = resolve));
    this.ended = new Promise((resolve) => (this.#onEnd = resolve));
    handle.addEventListener("error", () => this.close("unusable"));
    this.#port.onmessage = ({ data }: MessageEvent<unknown>) => {
      const message = parseWorkerMessage(data);
      if (message) this.#onMessage(message);
      else this.close("unusable");
    };
    this.#post({ protocol: WORKER_PROTOCOL, type: "hello", config });
  }

  /**
   * Asks the worker for a token. If the worker does not begin to work on the request within `answerMs` milliseconds, the
   * connection ends.
   */
  async ask(need: RefreshNeed, answerMs: number, signal: AbortSignal | undefined): Promise<Answer> {
    const id = ++this.#lastId;
    const leave = new AbortController();
    let isAccepted = false;
    let isSettled = false;
    const onLate = () => {
      if (!isAccepted) this.close("silent");
    };
    this.#ports.clock.sleep(answerMs, leave.signal).then(onLate, () => {});
    const asked = this.#hello.then((worker) => {
      if (leave.signal.aborted) return new Promise<never>(() => {});
      onWorkerEnd(this.#ports, worker, leave.signal, () => this.close("dead"));
      return new Promise<WorkerOutcome>((settle) => {
        this.#calls.set(id, { accept: () => (isAccepted = true), settle });
        this.#post({ protocol: WORKER_PROTOCOL, type: "refresh", id, need });
      });
    });
    try {
      const ended = this.ended.then((end): Answer => ({ type: "ended", end, isAccepted }));
      const answer = await abortable(Promise.race([asked, ended]), signal);
      isSettled = true;
      return answer;
    } finally {
      this.#calls.delete(id);
      leave.abort();
      if (!isSettled) this.#post({ protocol: WORKER_PROTOCOL, type: "abort", id });
    }
  }

  /** Ends the connection and closes its port. A message to a page in the bfcache would evict the page. */
  close(end: ConnectionEnd): void {
    if (end === "away") this.#post({ protocol: WORKER_PROTOCOL, type: "bye" });
    this.#port.close();
    this.#onEnd(end);
  }

  #onMessage(message: WorkerMessage): void {
    switch (message.type) {
      case "hello":
        return this.#onHello(message.worker);
      case "accepted":
        return this.#calls.get(message.id)?.accept();
      case "settled":
        return this.#calls.get(message.id)?.settle(message.outcome);
    }
  }

  #post(message: PageMessage): void {
    try {
      this.#port.postMessage(message);
    } catch {
      // A member of the configuration cannot be cloned, for example a function.
      this.close("unusable");
    }
  }
}

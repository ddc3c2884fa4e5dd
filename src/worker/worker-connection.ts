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
 * - `silent`: the worker did not respond in time, or got no token in time.
 * - `dead`: the worker has ended.
 * - `away`: this page closed the connection, because the page closes or goes to the bfcache.
 * - `closed`: this page closed the connection, and asks this worker no more.
 */
export type ConnectionEnd = "unusable" | "silent" | "dead" | "away" | "closed";

/**
 * The result of one request to a worker. `isAccepted`: whether the worker had begun to work on the request. `starting`: the
 * worker has not yet responded to `hello`.
 */
export type WorkerResponse =
  | WorkerOutcome
  | { readonly type: "ended"; readonly end: ConnectionEnd; readonly isAccepted: boolean }
  | { readonly type: "starting" };

interface Call {
  isAccepted: boolean;
  readonly settle: (response: WorkerResponse) => void;
}

/** The connection of this page to one worker. After its end, a connection is never used again. */
export class WorkerConnection {
  /** Resolves when the connection has ended. */
  readonly ended: Promise<ConnectionEnd>;
  readonly #handle: WorkerHandle;
  readonly #ports: LifePorts & { readonly clock: Clock };
  readonly #calls = new Map<number, Call>();
  /** Resolves with the id of the worker when the worker has responded to `hello`. */
  readonly #hello: Promise<string>;
  /** When this page opened the connection. Milliseconds of the monotonic clock. */
  #openedAt = 0;
  #onHello: (worker: string) => void = () => {};
  #onEnd: (end: ConnectionEnd) => void = () => {};
  #isReady = false;
  #isClosed = false;
  #lastId = 0;

  constructor(handle: WorkerHandle, ports: LifePorts & { readonly clock: Clock }) {
    this.#handle = handle;
    this.#ports = ports;
    this.#hello = new Promise((resolve) => (this.#onHello = resolve));
    this.ended = new Promise((resolve) => (this.#onEnd = resolve));
  }

  /** Sends the settings of this page to the worker. Call this method once, before `ask()`. */
  open(config: WorkerConfig): void {
    this.#openedAt = this.#ports.clock.monotonic();
    this.#handle.addEventListener("error", () => this.close("unusable"));
    this.#handle.port.onmessage = ({ data }: MessageEvent<unknown>) => {
      const message = parseWorkerMessage(data);
      if (message) this.#onMessage(message);
      else this.close("unusable");
    };
    this.#post({ protocol: WORKER_PROTOCOL, type: "hello", config });
  }

  /** Returns whether the worker has not responded to `hello` within `ms` milliseconds. */
  isSilentFor(ms: number): boolean {
    return !this.#isReady && this.#ports.clock.monotonic() - this.#openedAt >= ms;
  }

  /**
   * Asks the worker for a token. Returns `starting` if the worker has not responded to `hello` within `responseMs` milliseconds
   * after the connection was opened. Ends the connection if the worker has responded to `hello`, but does not begin to work on
   * the request within `responseMs`.
   */
  async ask(
    need: RefreshNeed,
    responseMs: number,
    signal: AbortSignal | undefined,
  ): Promise<WorkerResponse> {
    const { clock } = this.#ports;
    const id = ++this.#lastId;
    const leave = new AbortController();
    const response = new Promise<WorkerResponse>((settle) =>
      this.#calls.set(id, { isAccepted: false, settle }),
    );
    let isWaiting = false;
    try {
      const startMs = this.#openedAt + responseMs - clock.monotonic();
      const late = clock.sleep(startMs, leave.signal).then(() => STARTING);
      late.catch(() => {});
      const worker = await abortable(Promise.race([this.#hello, response, late]), signal);
      if (typeof worker !== "string") return worker;
      onWorkerEnd(this.#ports, worker, leave.signal, () => this.close("dead"));
      const onLate = () => {
        if (this.#calls.get(id)?.isAccepted === false) this.close("silent");
      };
      clock.sleep(responseMs, leave.signal).then(onLate, () => {});
      isWaiting = true;
      this.#post({ protocol: WORKER_PROTOCOL, type: "refresh", id, need });
      const settled = await abortable(response, signal);
      isWaiting = false;
      return settled;
    } finally {
      this.#calls.delete(id);
      leave.abort();
      if (isWaiting) this.#post({ protocol: WORKER_PROTOCOL, type: "abort", id });
    }
  }

  /** Ends the connection and closes its port. A message to a page in the bfcache would evict the page. */
  close(end: ConnectionEnd): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#post({ protocol: WORKER_PROTOCOL, type: "bye" });
    this.#handle.port.close();
    for (const { settle, isAccepted } of this.#calls.values())
      settle({ type: "ended", end, isAccepted });
    this.#onEnd(end);
  }

  #onMessage(message: WorkerMessage): void {
    switch (message.type) {
      case "hello":
        this.#isReady = true;
        return this.#onHello(message.worker);
      case "accepted": {
        const call = this.#calls.get(message.id);
        if (call) call.isAccepted = true;
        return;
      }
      case "settled":
        return this.#calls.get(message.id)?.settle(message.outcome);
    }
  }

  #post(message: PageMessage): void {
    try {
      this.#handle.port.postMessage(message);
    } catch {
      // A member of the configuration cannot be cloned, for example a function.
      this.close("unusable");
    }
  }
}

const STARTING = { type: "starting" } as const;

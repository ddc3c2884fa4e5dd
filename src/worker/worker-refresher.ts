import { abortable } from "../core/abortable.ts";
import { TimeoutError } from "../core/errors.ts";
import { sessionKey, type ClientKey } from "../core/keys.ts";
import type { Clock } from "../core/ports.ts";
import type { RequestTokenError } from "../core/protocol-errors.ts";
import type { RefreshNeed, Refresher } from "../core/refresher.ts";
import { isNewer, storedTokens, type SessionStore } from "../core/session.ts";
import { tokenSet, type TokenSet } from "../core/token-set.ts";
import { errorOf } from "./error-facts.ts";
import type { WorkerConfig, WorkerOutcome } from "./messages.ts";
import { WorkerConnection, type Answer, type WorkerHandle } from "./worker-connection.ts";
import type { LifePorts } from "./worker-life.ts";

/** If a worker does not begin to work on a refresh within this time, the page refreshes by itself. Milliseconds. */
const ANSWER_MS = 1_000;
/** After a worker could not be used, the page refreshes by itself for this time. Milliseconds. */
const RETRY_MS = 60_000;
/** `REFRESH_TIMING.patienceMs`. This page does not load the code of the refresh machine. Milliseconds. */
export const PATIENCE_MS = 30_000;

/** The configuration of a `WorkerRefresher`. */
export interface WorkerRefresherConfig {
  /** Connects to the worker. If there is no such worker yet, the browser starts one. */
  readonly open: () => WorkerHandle;
  /** Refreshes in this page, when the worker cannot. */
  readonly own: Refresher;
  /** Loads the class of an error of the server. */
  readonly loadError: () => Promise<typeof RequestTokenError>;
  /** Shows a line for the developer. */
  readonly warn: (message: string) => void;
  readonly client: ClientKey;
  /** The settings that are sent to the worker. */
  readonly worker: WorkerConfig;
  readonly ports: LifePorts & {
    readonly clock: Clock;
    readonly store: Pick<SessionStore, "get" | "open">;
  };
}

/**
 * Refreshes in a worker, so that a refresh continues when this page closes. If the worker cannot be used, this page refreshes by
 * itself. Both may refresh at the same time, because the session row decides which of them sends.
 */
export class WorkerRefresher implements Refresher {
  readonly #config: WorkerRefresherConfig;
  #connection: WorkerConnection | undefined;
  /** Until this time, this page does not connect to a worker. Milliseconds of the monotonic clock. */
  #pausedUntil = -Infinity;

  constructor(config: WorkerRefresherConfig) {
    this.#config = config;
    config.ports.page.onEvent((event) => {
      if (event === "pagehide") this.#connection?.close("away");
      else if (event === "pageshow") this.connect();
    });
  }

  /** Connects to the worker, if this page is not connected yet. Returns undefined if no worker can be used now. */
  connect(): WorkerConnection | undefined {
    const { open, worker, ports } = this.#config;
    if (this.#connection || ports.clock.monotonic() < this.#pausedUntil) return this.#connection;
    try {
      const connection = new WorkerConnection(open(), worker, ports);
      this.#connection = connection;
      void connection.ended.then((end) => {
        if (this.#connection === connection) this.#connection = undefined;
        if (end === "unusable" || end === "silent") this.#pause(end);
      });
    } catch {
      // The app's function failed, for example because the page requires Trusted Types.
      this.#pause("unusable");
    }
    return this.#connection;
  }

  prepare(): Promise<void> {
    return this.#config.own.prepare();
  }

  validate(user: string): Promise<void> {
    return this.#config.own.validate(user);
  }

  async refresh(need: RefreshNeed, signal?: AbortSignal): Promise<TokenSet> {
    signal?.throwIfAborted();
    const outcome = await this.#inTime(this.#ask(need, signal), signal);
    if (outcome?.type === "stored") {
      const tokens = await this.#read(need, outcome);
      if (tokens) return tokens;
    }
    const error =
      outcome?.type === "failed" && (await errorOf(outcome.error, this.#config.loadError));
    if (error) throw error;
    // The worker could not be used. Or the worker met an error that this page finds in the session row, too.
    return this.#config.own.refresh(need, signal);
  }

  /** Asks the worker. Returns undefined if this page must refresh by itself. */
  async #ask(
    need: RefreshNeed,
    signal: AbortSignal | undefined,
  ): Promise<WorkerOutcome | undefined> {
    const { clock, page } = this.#config.ports;
    let end = clock.monotonic() + ANSWER_MS;
    for (;;) {
      if (page.frozen()) {
        // A page in the bfcache must have no open connection.
        await abortable(this.#untilAwake(), signal);
        end = clock.monotonic() + ANSWER_MS;
      }
      const connection = this.connect();
      const remainingMs = end - clock.monotonic();
      if (!connection || remainingMs <= 0) return undefined;
      const answer = await connection.ask(need, remainingMs, signal);
      if (answer.type !== "ended") return answer;
      if (answer.end !== "away" && !isRepeatable(answer)) return undefined;
    }
  }

  /** Rejects like a refresh in this page if the worker begins to work on a refresh and never ends it. */
  async #inTime<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const { ports, worker } = this.#config;
    const ms = worker.timing?.patienceMs ?? PATIENCE_MS;
    const leave = new AbortController();
    const late = ports.clock.sleep(ms + ANSWER_MS, leave.signal).then(() => {
      throw new TimeoutError(`no new access token arrived within ${ms} ms`, { pending: true });
    });
    try {
      return await abortable(Promise.race([work, late]), signal);
    } finally {
      leave.abort();
      late.catch(() => {});
    }
  }

  /** Reads the token that the worker has stored. Returns undefined if the session row has no such token any more. */
  async #read(
    { user }: RefreshNeed,
    { generation, isOwn }: Extract<WorkerOutcome, { type: "stored" }>,
  ): Promise<TokenSet | undefined> {
    const { client, ports, own } = this.#config;
    const read = async () => {
      if (ports.page.frozen()) await this.#untilAwake();
      return ports.store.get(sessionKey(client, user));
    };
    let row = await read();
    if (row && !isNewer(row) && row.signature === "pending") {
      // This page may have keys that the worker does not have.
      await own.validate(user);
      row = await read();
    }
    if (!row || isNewer(row) || row.end) return undefined;
    const { access } = row;
    const target = Object.keys(access).find((key) => access[key]!.generation === generation);
    if (target === undefined) return undefined;
    const tokens = storedTokens(row, await ports.store.open(row.tokens), target);
    return tokens && tokenSet({ ...tokens, origin: isOwn ? "worker" : "other-tab" });
  }

  #pause(why: "unusable" | "silent"): void {
    this.#config.warn(
      `the worker ${why === "silent" ? "did not respond" : "could not be used"}, so this page refreshes by itself. Check the worker's URL and the Content Security Policy, and that its script calls serveRefreshes(). An old tab may have started a worker of another version.`,
    );
    this.#pausedUntil = this.#config.ports.clock.monotonic() + RETRY_MS;
  }

  async #untilAwake(): Promise<void> {
    const { page } = this.#config.ports;
    let unwatch = () => {};
    await new Promise<void>((resolve) => {
      unwatch = page.onEvent(() => {
        if (!page.frozen()) resolve();
      });
    });
    unwatch();
  }
}

/** Whether the request can be sent to another worker: its worker had ended before the request. */
function isRepeatable({ end, isAccepted }: Extract<Answer, { type: "ended" }>): boolean {
  return end === "dead" && !isAccepted;
}

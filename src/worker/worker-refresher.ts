import { abortable } from "../core/abortable.ts";
import { ConfigurationError, isAuthError, TimeoutError } from "../core/errors.ts";
import { sessionKey, type ClientKey } from "../core/keys.ts";
import { onAbort } from "../core/on-abort.ts";
import type { Clock } from "../core/ports.ts";
import type { RequestTokenError } from "../core/protocol-errors.ts";
import type { RefreshNeed, Refresher } from "../core/refresher.ts";
import { isNewer, storedTokens, type SessionStore } from "../core/session.ts";
import { tokenSet, type TokenSet } from "../core/token-set.ts";
import { errorOf } from "./error-facts.ts";
import type { WorkerConfig, WorkerOutcome } from "./messages.ts";
import { WorkerConnection, type ConnectionEnd, type WorkerHandle } from "./worker-connection.ts";
import type { LifePorts } from "./worker-life.ts";

/** If a worker does not respond within this time, the page refreshes by itself. Milliseconds. */
const RESPONSE_MS = 1_000;
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
  #unwatch: (() => void) | undefined;
  #isClosed = false;

  constructor(config: WorkerRefresherConfig) {
    this.#config = config;
  }

  /** Connects to the worker, if this page is not connected yet. Returns undefined if no worker can be used now. */
  connect(): WorkerConnection | undefined {
    const { open, worker, ports } = this.#config;
    if (this.#connection?.isSilentFor(RETRY_MS)) this.#end("closed");
    if (this.#connection || ports.clock.monotonic() < this.#pausedUntil) return this.#connection;
    this.#unwatch ??= ports.page.onEvent((event) => {
      if (event === "pagehide") this.#end("away");
      else if (event === "pageshow") this.connect();
    });
    try {
      const connection = new WorkerConnection(sharedWorker(open()), ports);
      this.#connection = connection;
      connection.open(worker);
      void connection.ended.then((end) => {
        if (this.#connection === connection) this.#connection = undefined;
        if (end === "unusable") this.#pause("could not be used");
        if (end === "silent") this.#pause("did not respond in time");
      });
    } catch (error) {
      // The app's function failed, for example because the page requires Trusted Types.
      this.#pause(`could not be used (${String(error)})`);
      if (isAuthError(error)) this.#pausedUntil = Infinity;
    }
    return this.#connection;
  }

  /** Connects to the worker, and loads the code with which this page refreshes if the worker cannot. After `close()`, only `refresh()` connects. */
  prepare(): Promise<void> {
    if (!this.#isClosed) this.connect();
    return this.#config.own.prepare();
  }

  validate(user: string): Promise<void> {
    return this.#config.own.validate(user);
  }

  close(): void {
    this.#isClosed = true;
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#end("closed");
  }

  /** Rejects like a refresh in this page if the worker begins to work on a refresh and never ends it. */
  async refresh(need: RefreshNeed, signal?: AbortSignal): Promise<TokenSet> {
    signal?.throwIfAborted();
    const { ports, worker } = this.#config;
    const ms = worker.timing?.patienceMs ?? PATIENCE_MS;
    const wait = new AbortController();
    const unlisten = signal && onAbort(signal, () => wait.abort(signal.reason));
    const onLate = () =>
      wait.abort(
        new TimeoutError(`no new access token arrived within ${ms} ms`, { pending: true }),
      );
    ports.clock.sleep(ms + RESPONSE_MS, wait.signal).then(onLate, () => {});
    try {
      return await abortable(this.#refresh(need, wait.signal), wait.signal);
    } finally {
      unlisten?.();
      wait.abort();
    }
  }

  async #refresh(need: RefreshNeed, signal: AbortSignal): Promise<TokenSet> {
    const outcome = await this.#ask(need, signal);
    if (outcome?.type === "stored") {
      const tokens = await this.#read(need, outcome);
      if (tokens) return tokens;
    }
    const error =
      outcome?.type === "failed" && (await errorOf(outcome.error, this.#config.loadError));
    // Perhaps only the worker cannot reach the server, for example because of the policy of its script.
    if (error instanceof TimeoutError) this.#end("silent");
    if (error) throw error;
    // The worker could not be used. Or the worker met an error that this page finds in the session row, too.
    return this.#config.own.refresh(need, signal);
  }

  /** Asks the worker. Returns undefined if this page must refresh by itself. */
  async #ask(need: RefreshNeed, signal: AbortSignal): Promise<WorkerOutcome | undefined> {
    const { page } = this.#config.ports;
    for (let isRepeated = false; ;) {
      // A page in the bfcache must have no open connection.
      if (page.frozen()) await abortable(this.#untilAwake(), signal);
      const connection = this.connect();
      if (!connection || connection.isSilentFor(RESPONSE_MS)) return undefined;
      const response = await connection.ask(need, RESPONSE_MS, signal).catch((error: unknown) => {
        if (error instanceof TimeoutError) this.#end("silent");
        throw error;
      });
      if (response.type === "starting") {
        this.#warn("has not started within a second");
        return undefined;
      }
      if (response.type !== "ended") return response;
      if (response.end === "away") continue;
      // The request can be sent to another worker if its worker had ended before the request.
      if (response.end === "dead" && response.isAccepted) this.#warn("ended during a refresh");
      if (response.end !== "dead" || response.isAccepted) return undefined;
      if (isRepeated) {
        this.#pause("ended twice before it responded");
        return undefined;
      }
      isRepeated = true;
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
      // This page may have keys that the worker does not have. If the code for a validation cannot be loaded, it is repeated later.
      await own.validate(user).catch(unlessNetwork);
      row = await read();
    }
    if (!row || isNewer(row) || row.end) return undefined;
    const { access } = row;
    const target = Object.keys(access).find((key) => access[key]!.generation === generation);
    if (target === undefined) return undefined;
    const tokens = storedTokens(row, await ports.store.open(row.tokens), target);
    return tokens && tokenSet({ ...tokens, origin: isOwn ? "worker" : "other-tab" });
  }

  #end(end: ConnectionEnd): void {
    this.#connection?.close(end);
    this.#connection = undefined;
  }

  #pause(why: string): void {
    this.#warn(why);
    this.#pausedUntil = this.#config.ports.clock.monotonic() + RETRY_MS;
  }

  #warn(why: string): void {
    this.#config.warn(
      `the worker ${why}, so this page refreshes by itself. Check the worker's URL and the Content Security Policy, and that its script calls serveRefreshes() and may send requests to the server. An old tab may have started a worker of another version.`,
    );
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

/**
 * Returns `opened`, if it is a new shared worker. Ends a dedicated worker.
 * @throws ConfigurationError `opened` is not a shared worker, or another connection uses its port
 */
function sharedWorker(
  opened: (Partial<WorkerHandle> & { terminate?(): void }) | undefined,
): WorkerHandle {
  if (opened?.port?.onmessage) {
    throw new ConfigurationError(
      "worker",
      "`worker` returned the same SharedWorker again",
      "Pass a function that returns a new SharedWorker() at each call. The browser connects all of them to one worker.",
    );
  }
  if (typeof opened?.port?.postMessage === "function") return opened as WorkerHandle;
  opened?.terminate?.();
  throw new ConfigurationError(
    "worker",
    "`worker` did not return a SharedWorker",
    'Pass a function that returns new SharedWorker(new URL("./auth-worker.ts", import.meta.url), { type: "module", name: "auth" }).',
  );
}

function unlessNetwork(error: unknown): void {
  if (!isAuthError(error) || error.code !== "network") throw error;
}

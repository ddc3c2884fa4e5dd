import { abortable } from "../core/abortable.ts";
import type { RefreshNeed, Refresher } from "../core/refresher.ts";
import { errorFacts } from "./error-facts.ts";
import {
  parsePageMessage,
  WORKER_PROTOCOL,
  workerConfigKey,
  type WorkerConfig,
  type WorkerMessage,
  type WorkerOutcome,
} from "./messages.ts";
import type { WorkerPort } from "./worker-connection.ts";

/** Refreshes the sessions of all pages with equal settings. */
export interface WorkerRefreshes extends Pick<Refresher, "refresh"> {
  /**
   * Reads the user's session row. The worker accepts a request after this, so that no page waits for a worker whose database does
   * not respond. Undefined: the worker accepts every request at once.
   * @throws StorageError the row could not be read
   */
  readonly read?: (user: string) => Promise<unknown>;
}

/** The configuration of a `RefreshServer`. */
export interface RefreshServerConfig {
  /** The id of the worker. The worker's lock has this id in its name. */
  readonly worker: string;
  /** Resolves when the worker holds its lock. Before that, no page gets a response to `hello`. */
  readonly isLocked: Promise<void>;
  /** Creates the refreshes with these settings. The pages with these settings share them. */
  readonly create: (config: WorkerConfig) => WorkerRefreshes;
}

/** The refreshes of one configuration, and the number of its open ports. The port of a page that has crashed counts as open. */
interface Served {
  readonly refreshes: WorkerRefreshes;
  ports: number;
}

/**
 * The worker's side of the connections to pages. Pages with equal settings share one refresher. Pages with other settings get
 * another refresher, so that no refresh uses the settings of another app.
 */
export class RefreshServer {
  readonly #config: RefreshServerConfig;
  readonly #served = new Map<string, Served>();

  constructor(config: RefreshServerConfig) {
    this.#config = config;
  }

  /** Serves the page at the other end of `port`. */
  connect(port: WorkerPort): void {
    const calls = new Map<number, AbortController>();
    let served: Served | undefined;
    port.onmessage = ({ data }: MessageEvent<unknown>) => {
      const message = parsePageMessage(data);
      switch (message?.type) {
        case "hello":
          // A page of another version reads only the version of the response.
          if (message.protocol === WORKER_PROTOCOL) served ??= this.#join(message.config);
          void this.#config.isLocked.then(() =>
            post(port, { ...OF_THIS_VERSION, type: "hello", worker: this.#config.worker }),
          );
          break;
        case "refresh":
          if (served) void this.#serve(port, calls, served.refreshes, message);
          break;
        case "abort":
          calls.get(message.id)?.abort();
          break;
        case "bye":
          for (const call of calls.values()) call.abort();
          port.close();
          if (served) served.ports--;
          served = undefined;
          break;
        case undefined:
          break;
      }
    };
  }

  /** Adds a port to the refreshes of these settings. Returns undefined if the settings are invalid. */
  #join(config: WorkerConfig): Served | undefined {
    const key = workerConfigKey(config);
    let served = this.#served.get(key);
    if (!served) {
      // A worker can run for days, so refreshes without a page are removed. They are removed only now, because a page that reloads
      // needs its refreshes again.
      for (const [other, { ports }] of this.#served) if (ports === 0) this.#served.delete(other);
      try {
        served = { refreshes: this.#config.create(config), ports: 0 };
      } catch {
        // The page gets no response to its requests, and refreshes by itself.
        return undefined;
      }
      this.#served.set(key, served);
    }
    served.ports++;
    return served;
  }

  async #serve(
    port: WorkerPort,
    calls: Map<number, AbortController>,
    refreshes: WorkerRefreshes,
    { id, need }: { readonly id: number; readonly need: RefreshNeed },
  ): Promise<void> {
    const call = new AbortController();
    calls.set(id, call);
    const onAccepted = () => post(port, { ...OF_THIS_VERSION, type: "accepted", id });
    const outcome = await outcomeOf(refreshes, need, call.signal, onAccepted);
    calls.delete(id);
    // The caller of an aborted request waits for no response. Its page might be in the bfcache.
    if (!call.signal.aborted) post(port, { ...OF_THIS_VERSION, type: "settled", id, outcome });
  }
}

const OF_THIS_VERSION = { protocol: WORKER_PROTOCOL } as const;

function post(port: WorkerPort, message: WorkerMessage): void {
  port.postMessage(message);
}

async function outcomeOf(
  refreshes: WorkerRefreshes,
  { user, target, notGeneration }: RefreshNeed,
  signal: AbortSignal,
  onAccepted: () => void,
): Promise<WorkerOutcome> {
  try {
    const read = Promise.resolve(refreshes.read?.(user)).then(onAccepted);
    // The page reads the token from the session row. A message contains no token.
    const refresh = refreshes.refresh({ user, target, notGeneration }, signal);
    refresh.catch(() => {});
    await abortable(read, signal);
    const { generation = -1, origin } = await refresh;
    return { type: "stored", generation, isOwn: origin === "this-tab" };
  } catch (error) {
    return { type: "failed", error: errorFacts(error) };
  }
}

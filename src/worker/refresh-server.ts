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
  /** Creates a refresher with these settings. Called once for each configuration. */
  readonly create: (config: WorkerConfig) => WorkerRefreshes;
}

/**
 * The worker's side of the connections to pages. Pages with equal settings share one refresher. Pages with other settings get
 * another refresher, so that no refresh uses the settings of another app.
 */
export class RefreshServer {
  readonly #config: RefreshServerConfig;
  readonly #refreshers = new Map<string, WorkerRefreshes>();

  constructor(config: RefreshServerConfig) {
    this.#config = config;
  }

  /** Serves the page at the other end of `port`. */
  connect(port: WorkerPort): void {
    const calls = new Map<number, AbortController>();
    let refresher: WorkerRefreshes | undefined;
    port.onmessage = ({ data }: MessageEvent<unknown>) => {
      const message = parsePageMessage(data);
      switch (message?.type) {
        case "hello":
          // A page of another version reads only the version of the response.
          if (message.protocol === WORKER_PROTOCOL) refresher = this.#refresherFor(message.config);
          void this.#config.isLocked.then(() =>
            post(port, { ...OF_THIS_VERSION, type: "hello", worker: this.#config.worker }),
          );
          break;
        case "refresh":
          if (refresher) void this.#serve(port, calls, refresher, message);
          break;
        case "abort":
          calls.get(message.id)?.abort();
          break;
        case "bye":
          for (const call of calls.values()) call.abort();
          port.close();
          break;
        case undefined:
          break;
      }
    };
  }

  #refresherFor(config: WorkerConfig): WorkerRefreshes | undefined {
    const key = workerConfigKey(config);
    const known = this.#refreshers.get(key);
    if (known) return known;
    try {
      const refresher = this.#config.create(config);
      this.#refreshers.set(key, refresher);
      return refresher;
    } catch {
      // The settings are invalid. The page gets no response to its requests, and refreshes by itself.
      return undefined;
    }
  }

  async #serve(
    port: WorkerPort,
    calls: Map<number, AbortController>,
    refresher: WorkerRefreshes,
    { id, need }: { readonly id: number; readonly need: RefreshNeed },
  ): Promise<void> {
    const call = new AbortController();
    calls.set(id, call);
    const onAccepted = () => post(port, { ...OF_THIS_VERSION, type: "accepted", id });
    const outcome = await outcomeOf(refresher, need, call.signal, onAccepted);
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
  refresher: WorkerRefreshes,
  { user, target, notGeneration }: RefreshNeed,
  signal: AbortSignal,
  onAccepted: () => void,
): Promise<WorkerOutcome> {
  try {
    if (refresher.read) await abortable(refresher.read(user), signal);
    onAccepted();
    // The page reads the token from the session row. A message contains no token.
    const { generation = -1, origin } = await refresher.refresh(
      { user, target, notGeneration },
      signal,
    );
    return { type: "stored", generation, isOwn: origin === "this-tab" };
  } catch (error) {
    return { type: "failed", error: errorFacts(error) };
  }
}

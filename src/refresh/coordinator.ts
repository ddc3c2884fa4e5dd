import { abortable } from "../core/abortable.ts";
import { NoTokenError, TimeoutError } from "../core/errors.ts";
import { sessionKey, type ClientKey } from "../core/keys.ts";
import type { RefreshNeed, Refresher } from "../core/refresher.ts";
import { parseTargetKey, DEFAULT_TARGET, type TargetKey } from "../core/token-target.ts";
import { tokenSet, type TokenSet } from "../core/token-set.ts";
import { runMachine } from "./machine.ts";
import { awakeStore } from "./awake-store.ts";
import { validateAtHand, validatePending } from "./pending-signature.ts";
import { rowKey, type SentAttempt, type RefreshPorts, type Run } from "./run.ts";
import { refreshTiming, type RefreshTiming } from "./timing.ts";
import { isNewer, storedTokens, type SessionAttempt } from "../core/session.ts";

/** Configuration of a `RefreshCoordinator`. */
export interface RefreshCoordinatorConfig {
  client: ClientKey;
  /** The id of this tab. Messages and stored attempts contain the id. */
  tab: string;
  ports: RefreshPorts;
  /** Times that replace the defaults in `REFRESH_TIMING`. */
  timing?: Partial<RefreshTiming>;
  /**
   * The server still accepts a refresh token this long after its first use. Milliseconds. Undefined: unknown.
   * A tab takes over another tab's refresh if that tab does not respond for `takeoverMs`. If `reuseLeewayMs` is less than
   * `takeoverMs`, the tab waits for `inDoubtMs` instead. If `reuseLeewayMs` is 0 or undefined, a refresh requests only
   * resources that the login named.
   */
  reuseLeewayMs?: number;
}

/** A run of the refresh machine. The callers in this tab that need the same token share one run. */
interface Flight {
  readonly run: Run;
  readonly result: Promise<TokenSet>;
  /** The number of callers that wait for the result. */
  waiting: number;
}

/** A token that had already expired when it arrived. It is returned again for `bornExpiredMs`, without another request. */
interface CachedRefusal {
  /** The id of the token's session. After another login, this entry is not used. */
  readonly sessionId: string | undefined;
  /** The time at which this entry expires, on the monotonic clock. Milliseconds. */
  readonly until: number;
  readonly response: TokenSet;
}

/**
 * The only class that sends stored refresh tokens. For each user and target (scope, resource, audience), the callers in this
 * tab share one run of the refresh machine.
 */
export class RefreshCoordinator implements Refresher {
  readonly #config: RefreshCoordinatorConfig & { timing: RefreshTiming };
  readonly #flights = new Map<string, Flight>();
  readonly #cachedRefusals = new Map<string, CachedRefusal>();
  readonly #validating = new Set<string>();

  constructor(config: RefreshCoordinatorConfig) {
    const { ports, timing } = config;
    this.#config = {
      ...config,
      ports: { ...ports, store: awakeStore(ports.store, ports.page) },
      timing: refreshTiming(timing),
    };
  }

  prepare(): Promise<void> {
    return this.#config.ports.send.prepare();
  }

  async refresh(asked: RefreshNeed, signal?: AbortSignal): Promise<TokenSet> {
    signal?.throwIfAborted();
    const need = { ...asked, target: await this.#target(asked) };
    const id = flightId(need.user, need.target);
    const patience = this.#patience(signal);
    try {
      for (;;) {
        const cachedRefusal = await this.#cachedRefusal(id, need);
        if (cachedRefusal) return cachedRefusal;
        const joined = this.#flights.get(id);
        const tokens = await patience.wait(joined ?? this.#take(id, need));
        // The run might have started for an earlier caller that accepts an older token. If the token is too old for this
        // caller, try again.
        if (!joined || (tokens.generation ?? 0) > need.notGeneration) return tokens;
      }
    } finally {
      patience.end();
    }
  }

  async validate(user: string): Promise<void> {
    const run = this.#newRun({ user, target: DEFAULT_TARGET, notGeneration: -1 });
    const row = await run.ports.store.get(rowKey(run));
    if (row && !isNewer(row)) await validateAtHand(run, row);
  }

  /**
   * Returns the target to request. If the target names only scopes, and the session already has all of them, this is the
   * default target. At some servers, a refresh that names scopes permanently reduces the scopes of the session.
   */
  async #target({ user, target }: RefreshNeed): Promise<TargetKey> {
    const { scope, resource, audience } = parseTargetKey(target);
    if (scope.length === 0 || resource !== "" || audience !== "") return target;
    const { client, ports } = this.#config;
    const row = await ports.store.get(sessionKey(client, user));
    const granted = isNewer(row) ? undefined : row?.access[DEFAULT_TARGET]?.scope;
    return granted && scope.every((one) => granted.includes(one)) ? DEFAULT_TARGET : target;
  }

  #take(id: string, need: RefreshNeed): Flight {
    let response: (responded: SentAttempt) => void = () => {};
    const unstored = new Promise<SentAttempt>((resolve) => (response = resolve));
    const run: Run = {
      ...this.#newRun(need),
      isAwaited: () => flight.waiting > 0,
      onUnstored: (responded) => response(responded),
    };
    const result = this.#fly(id, run, unstored).finally(() => this.#flights.delete(id));
    // Callers that wait for `result` handle its rejection. If no caller waits, this handler keeps the browser from reporting an
    // unhandled rejection.
    result.catch(() => {});
    const flight = { run, result, waiting: 0 };
    this.#flights.set(id, flight);
    return flight;
  }

  /** Creates a run for which no caller waits. */
  #newRun(need: RefreshNeed): Run {
    const { client, tab, ports, timing, reuseLeewayMs } = this.#config;
    return {
      ports,
      timing,
      client,
      tab,
      need,
      reuseLeewayMs,
      isAwaited: () => false,
      onOpenAttempt: (attempt) => this.#finish(need.user, attempt),
      onPending: (delayMs) => this.#validateLater(need.user, delayMs),
      onUnstored: () => {},
      firstGeneration: undefined,
      sessionId: undefined,
      committedGen: undefined,
      passed: undefined,
      paused: undefined,
      failure: undefined,
    };
  }

  /**
   * Validates the signature of the user's stored ID token in the background, after `delayMs` milliseconds. Does nothing while
   * an earlier call for the same user is in progress.
   */
  #validateLater(user: string, delayMs: number): void {
    if (this.#validating.has(user)) return;
    this.#validating.add(user);
    validatePending(this.#newRun({ user, target: DEFAULT_TARGET, notGeneration: -1 }), delayMs)
      .catch(() => {})
      .finally(() => this.#validating.delete(user));
  }

  /**
   * Finishes an attempt in the background. The tab that sent the attempt might have closed, and the server might have used the
   * refresh token. Perhaps no caller will request the attempt's target again, and then nothing else would finish the attempt.
   */
  #finish(user: string, { target }: SessionAttempt): void {
    const id = flightId(user, target);
    if (!this.#flights.has(id)) this.#take(id, { user, target, notGeneration: Infinity });
  }

  async #fly(id: string, run: Run, unstored: Promise<SentAttempt>): Promise<TokenSet> {
    const { clock, store } = run.ports;
    const { row, target } = await Promise.race([runMachine(run), unstored]);
    const tokens = storedTokens(row, await store.open(row.tokens), target);
    if (!tokens) throw new NoTokenError("the stored session has no token for the requested target");
    const origin = tokens.generation === run.committedGen ? "this-tab" : "other-tab";
    const response = tokenSet({ ...tokens, origin });
    if (tokens.expiresAt <= clock.now()) {
      const until = clock.monotonic() + run.timing.bornExpiredMs;
      this.#cachedRefusals.set(id, { sessionId: run.sessionId, until, response });
    }
    return response;
  }

  async #cachedRefusal(id: string, need: RefreshNeed): Promise<TokenSet | undefined> {
    const { clock, store } = this.#config.ports;
    const cachedRefusal = this.#cachedRefusals.get(id);
    if (!cachedRefusal) return undefined;
    const row = await store.get(sessionKey(this.#config.client, need.user));
    if (
      cachedRefusal.until <= clock.monotonic() ||
      row?.sessionId !== cachedRefusal.sessionId ||
      row?.end
    ) {
      this.#cachedRefusals.delete(id);
      return undefined;
    }
    return (cachedRefusal.response.generation ?? 0) > need.notGeneration
      ? cachedRefusal.response
      : undefined;
  }

  /** Limits the total wait of one caller to `patienceMs`, even if the caller waits for several runs in succession. */
  #patience(signal: AbortSignal | undefined): {
    wait(flight: Flight): Promise<TokenSet>;
    end(): void;
  } {
    const { ports, timing } = this.#config;
    const leave = new AbortController();
    const timeout = ports.clock.sleep(timing.patienceMs, leave.signal);
    timeout.catch(() => {});
    return {
      wait: (flight) => {
        const { run, result } = flight;
        const late = timeout.then(() => {
          const message = `no new access token arrived within ${timing.patienceMs} ms`;
          throw new TimeoutError(message, { pending: true, cause: run.failure });
        });
        flight.waiting++;
        return abortable(Promise.race([result, late]), signal).finally(() => flight.waiting--);
      },
      end: () => leave.abort(),
    };
  }
}

function flightId(user: string, target: TargetKey): string {
  return JSON.stringify([user, target]);
}

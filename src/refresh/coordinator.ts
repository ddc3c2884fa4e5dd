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
  /** The id of this tab, in messages and rows. */
  tab: string;
  ports: RefreshPorts;
  /** Times that replace those of `REFRESH_TIMING`. */
  timing?: Partial<RefreshTiming>;
  /**
   * How long the server still accepts a refresh token after its first use. Milliseconds. Undefined: unknown. If the value is
   * less than `takeoverMs`, a tab waits for `inDoubtMs` before it takes over the attempt of a silent owner. If the value is 0
   * or undefined, a refresh requests only resources that the login named.
   */
  reuseLeewayMs?: number;
}

/** A run of the refresh machine, shared by the callers in this tab that need the same token. */
interface Flight {
  readonly run: Run;
  readonly result: Promise<TokenSet>;
  /** How many callers wait for the result. */
  waiting: number;
}

/** A token that had already expired when it arrived. It is returned again for `bornExpiredMs`, without another request. */
interface CachedRefusal {
  /** The session that the token belongs to. After another login the entry no longer applies. */
  readonly sessionId: string | undefined;
  /** When the entry expires, on the monotonic clock. Milliseconds. */
  readonly until: number;
  readonly response: TokenSet;
}

/** The only class that sends stored refresh tokens. The callers in this tab share one run per user and target. */
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
        // A joined run might have started for a caller that accepts an older token. If so, try again.
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
   * Returns the target to refresh. A target that only names scopes which the session already has becomes the default target,
   * because at some servers a refresh that names scopes permanently narrows the grant.
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
    // Waiting callers get a rejection of `result`. Without callers, the browser must not report the rejection as unhandled.
    result.catch(() => {});
    const flight = { run, result, waiting: 0 };
    this.#flights.set(id, flight);
    return flight;
  }

  /** Creates a run without waiting callers. */
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
   * Validates the signature of the user's stored ID token in the background, after `delayMs` milliseconds. Does nothing if this
   * tab already has such a validation in progress.
   */
  #validateLater(user: string, delayMs: number): void {
    if (this.#validating.has(user)) return;
    this.#validating.add(user);
    validatePending(this.#newRun({ user, target: DEFAULT_TARGET, notGeneration: -1 }), delayMs)
      .catch(() => {})
      .finally(() => this.#validating.delete(user));
  }

  /**
   * Starts a run without callers that finishes an attempt whose owner might have ended. The server might have used the refresh
   * token, and perhaps no caller will request the attempt's target again.
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

  /** Limits the total wait of one caller to `patienceMs`, even if the caller joins several runs. */
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

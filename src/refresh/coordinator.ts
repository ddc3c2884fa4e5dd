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
  /** Default: `REFRESH_TIMING`. */
  timing?: Partial<RefreshTiming>;
  /**
   * For how long the server accepts a used refresh token again, if the app knows. Milliseconds. If it is less than
   * `takeoverMs`, the attempt of a silent owner is taken over after `inDoubtMs`. If it is absent or 0, a refresh requests only
   * resources that the login named.
   */
  reuseLeewayMs?: number;
}

/** A run that callers share. */
interface Flight {
  readonly run: Run;
  readonly result: Promise<TokenSet>;
  /** How many callers wait for the result. */
  waiting: number;
}

/** A token that expired on arrival. For some time it is returned again, instead of another request. */
interface CachedRefusal {
  /** The session of the token. The entry does not apply to another login. */
  readonly sessionId: string | undefined;
  /** By the monotonic clock. Milliseconds. */
  readonly until: number;
  readonly response: TokenSet;
}

/** The only part that sends stored refresh tokens. The callers in this tab share one run per user and target. */
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
        // The joined run may have started for an older generation.
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
   * Returns the default target for scopes that the session already has. At some servers, a refresh that names scopes narrows
   * the grant for good.
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
    // Waiting callers get the rejection. Without callers it must not be reported as unhandled.
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

  /** Starts a validation in the background, at most one per user in this tab. */
  #validateLater(user: string, delayMs: number): void {
    if (this.#validating.has(user)) return;
    this.#validating.add(user);
    validatePending(this.#newRun({ user, target: DEFAULT_TARGET, notGeneration: -1 }), delayMs)
      .catch(() => {})
      .finally(() => this.#validating.delete(user));
  }

  /**
   * Finishes an attempt whose owner may have ended. The server may have used its refresh token, and perhaps no caller requests
   * its target again.
   */
  #finish(user: string, { target }: SessionAttempt): void {
    const id = flightId(user, target);
    if (!this.#flights.has(id)) this.#take(id, { user, target, notGeneration: Infinity });
  }

  async #fly(id: string, run: Run, unstored: Promise<SentAttempt>): Promise<TokenSet> {
    const { clock, store } = run.ports;
    const { row, target } = await Promise.race([runMachine(run), unstored]);
    const tokens = storedTokens(row, await store.open(row.tokens), target);
    if (!tokens) throw new NoTokenError("the stored session has no access token for this target");
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

  /** Limits the wait of one caller to `patienceMs`, over all the runs that it joins. */
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
          const message = `no new access token in ${timing.patienceMs} ms`;
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

import { abortable } from "../core/abortable.ts";
import { withoutHint } from "../core/auth-error.ts";
import { isAuthError, NoTokenError, TimeoutError } from "../core/errors.ts";
import { sessionKey, type ClientKey } from "../core/keys.ts";
import type { RefreshNeed, Refresher } from "../core/refresher.ts";
import { parseTargetKey, DEFAULT_TARGET, type TargetKey } from "../core/token-target.ts";
import { tokenSet, type TokenSet } from "../core/token-set.ts";
import { runMachine } from "./machine.ts";
import { awakeStore } from "./pause.ts";
import { validateAtHand, validatePending } from "./pending-signature.ts";
import { rowKey, type RowWithToken, type RefreshPorts, type Run } from "./run.ts";
import { refreshTiming, type RefreshTiming } from "./timing.ts";
import { isNewer, storedTokens, type SessionAttempt } from "../core/session.ts";

/** The configuration of a `RefreshCoordinator`. */
export interface RefreshCoordinatorConfig {
  client: ClientKey;
  /** The id of this tab. Each message to the other tabs contains this id. */
  tab: string;
  ports: RefreshPorts;
  /** Times that replace the defaults in `REFRESH_TIMING`. */
  timing?: Partial<RefreshTiming>;
  /**
   * The server's reuse leeway: after the first use of a refresh token, the server accepts the same refresh token again for this
   * long. Milliseconds. Undefined: unknown.
   */
  reuseLeewayMs?: number;
}

/** A refresh in progress. All callers in this tab that need the same token share this refresh. */
interface Flight {
  readonly run: Run;
  readonly result: Promise<TokenSet>;
  /** The number of callers that wait for `result`. */
  waiting: number;
}

/**
 * An access token that had already expired when it arrived. Until the time `until`, callers get this token again, and this tab
 * does not request another token.
 */
interface ExpiredOnArrival {
  /** The id of the token's session. After another login, the session id is different, and this entry is not used. */
  readonly sessionId: string | undefined;
  /** The time at which this entry expires. Milliseconds of the monotonic clock. */
  readonly until: number;
  readonly response: TokenSet;
}

/**
 * Refreshes the access tokens of stored sessions. Concurrent calls in this tab for the same user, scope, resource and audience
 * share one refresh.
 */
export class RefreshCoordinator implements Refresher {
  readonly #config: RefreshCoordinatorConfig & { timing: RefreshTiming };
  readonly #flights = new Map<string, Flight>();
  readonly #expiredTokens = new Map<string, ExpiredOnArrival>();
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
        const expired = await this.#expiredToken(id, need);
        if (expired) return expired;
        const joined = this.#flights.get(id);
        const tokens = await patience.wait(joined ?? this.#take(id, need));
        // If this caller joined the refresh of an earlier caller, the token can be too old for this caller. The loop then tries
        // again.
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
   * Returns the key of the scope, resource and audience to request. If `target` names only scopes that the session already has,
   * returns `DEFAULT_TARGET`. Some servers permanently reduce the scopes of a session when a refresh names scopes.
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
    let response: (responded: RowWithToken) => void = () => {};
    const unstored = new Promise<RowWithToken>((resolve) => (response = resolve));
    const run: Run = {
      ...this.#newRun(need),
      isAwaited: () => flight.waiting > 0,
      onUnstored: (responded) => response(responded),
    };
    const result = this.#fly(id, run, unstored).finally(() => this.#flights.delete(id));
    // If no caller waits for `result`, this empty handler prevents the report of an unhandled rejection.
    result.catch(() => {});
    const flight = { run, result, waiting: 0 };
    this.#flights.set(id, flight);
    return flight;
  }

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
      committedGeneration: undefined,
      passed: undefined,
      paused: undefined,
      failure: undefined,
    };
  }

  /** Validates the signature of the user's stored ID token in the background, after `delayMs` milliseconds. */
  #validateLater(user: string, delayMs: number): void {
    if (this.#validating.has(user)) return;
    this.#validating.add(user);
    validatePending(this.#newRun({ user, target: DEFAULT_TARGET, notGeneration: -1 }), delayMs)
      .catch(() => {})
      .finally(() => this.#validating.delete(user));
  }

  /** Finishes a stored refresh attempt in the background. The tab that started the attempt might have closed. */
  #finish(user: string, { target }: SessionAttempt): void {
    const id = flightId(user, target);
    if (!this.#flights.has(id)) this.#take(id, { user, target, notGeneration: Infinity });
  }

  async #fly(id: string, run: Run, unstored: Promise<RowWithToken>): Promise<TokenSet> {
    const { clock, store } = run.ports;
    const { row, target } = await Promise.race([runMachine(run), unstored]);
    const tokens = storedTokens(row, await store.open(row.tokens), target);
    if (!tokens) throw new NoTokenError("the stored session has no token for the requested target");
    const origin = tokens.generation === run.committedGeneration ? "this-tab" : "other-tab";
    const response = tokenSet({ ...tokens, origin });
    if (tokens.expiresAt <= clock.now()) {
      const until = clock.monotonic() + run.timing.bornExpiredMs;
      this.#expiredTokens.set(id, { sessionId: run.sessionId, until, response });
    }
    return response;
  }

  async #expiredToken(id: string, need: RefreshNeed): Promise<TokenSet | undefined> {
    const { clock, store } = this.#config.ports;
    const expired = this.#expiredTokens.get(id);
    if (!expired) return undefined;
    const row = await store.get(sessionKey(this.#config.client, need.user));
    if (expired.until <= clock.monotonic() || row?.sessionId !== expired.sessionId || row?.end) {
      this.#expiredTokens.delete(id);
      return undefined;
    }
    return (expired.response.generation ?? 0) > need.notGeneration ? expired.response : undefined;
  }

  /**
   * Starts the timer of one caller. `wait()` rejects with a TimeoutError when `patienceMs` milliseconds have passed since the
   * start of the timer. `end()` stops the timer.
   */
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
          const { failure } = run;
          const why = isAuthError(failure) ? `; the last failure: ${withoutHint(failure)}` : "";
          const message = `no new access token arrived within ${timing.patienceMs} ms${why}`;
          throw new TimeoutError(message, { pending: true, cause: failure });
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

import { abortable } from "../core/abortable.ts";
import { NoTokenError, TimeoutError } from "../core/errors.ts";
import { sessionKey, type ClientKey } from "../core/keys.ts";
import type { RefreshNeed, Refresher } from "../core/refresher.ts";
import { isNewer } from "../core/session-version.ts";
import { storedTokens, type SessionAttempt } from "../core/session.ts";
import { parseWantKey, USUAL_WANT, type WantKey } from "../core/want.ts";
import { tokenSet, type TokenSet } from "../core/token-set.ts";
import { runMachine } from "./machine.ts";
import { awakeStore } from "./awake-store.ts";
import { validateAtHand, validatePending } from "./pending-signature.ts";
import { rowKey, type Answered, type RefreshPorts, type Run } from "./run.ts";
import { refreshTiming, type RefreshTiming } from "./timing.ts";

export interface RefreshCoordinatorConfig {
  client: ClientKey;
  /** This tab, in messages and rows. */
  tab: string;
  ports: RefreshPorts;
  /** What is not given is as in `REFRESH_TIMING`. */
  timing?: Partial<RefreshTiming>;
  /**
   * For how long the server forgives that a refresh token is used twice, if that is known. Milliseconds. With less than
   * `takeoverMs` an attempt whose owner does not move is not taken over before `inDoubtMs`. Without any, only resources that
   * the login named are asked for.
   */
  reuseLeewayMs?: number;
}

interface Flight {
  readonly run: Run;
  readonly result: Promise<TokenSet>;
  /** Callers that wait for it. */
  waiting: number;
}

/** A token that was born expired stands for a while without asking again. */
interface Standing {
  /** The session it is about: another login is another matter. */
  readonly sid: string | undefined;
  readonly until: number;
  readonly answer: TokenSet;
}

/** The only one who sends a stored refresh token: one machine per person and want, shared by the callers in this tab. */
export class RefreshCoordinator implements Refresher {
  readonly #config: RefreshCoordinatorConfig & { timing: RefreshTiming };
  readonly #flights = new Map<string, Flight>();
  readonly #standing = new Map<string, Standing>();
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
    const need = { ...asked, want: await this.#target(asked) };
    const id = flightId(need.user, need.want);
    const patience = this.#patience(signal);
    try {
      for (;;) {
        const standing = await this.#stands(id, need);
        if (standing) return standing;
        const joined = this.#flights.get(id);
        const tokens = await patience.wait(joined ?? this.#take(id, need));
        // A flight that was joined may have been asked for an older generation.
        if (!joined || (tokens.generation ?? 0) > need.notGen) return tokens;
      }
    } finally {
      patience.end();
    }
  }

  async validate(user: string): Promise<void> {
    const run = this.#newRun({ user, want: USUAL_WANT, notGen: -1 });
    const row = await run.ports.store.get(rowKey(run));
    if (row && !isNewer(row)) await validateAtHand(run, row);
  }

  /**
   * Scopes that the session has already are the default target's. A refresh that names them would narrow the grant at some
   * servers, for good.
   */
  async #target({ user, want }: RefreshNeed): Promise<WantKey> {
    const { scope, resource, audience } = parseWantKey(want);
    if (scope.length === 0 || resource !== "" || audience !== "") return want;
    const { client, ports } = this.#config;
    const row = await ports.store.get(sessionKey(client, user));
    const granted = isNewer(row) ? undefined : row?.access[USUAL_WANT]?.scope;
    return granted && scope.every((one) => granted.includes(one)) ? USUAL_WANT : want;
  }

  #take(id: string, need: RefreshNeed): Flight {
    let answer: (answered: Answered) => void = () => {};
    const unstored = new Promise<Answered>((resolve) => (answer = resolve));
    const run: Run = {
      ...this.#newRun(need),
      isAwaited: () => flight.waiting > 0,
      onUnstored: (answered) => answer(answered),
    };
    const result = this.#fly(id, run, unstored).finally(() => this.#flights.delete(id));
    // Whoever waits hears it; when nobody waits any more, nobody needs to.
    result.catch(() => {});
    const flight = { run, result, waiting: 0 };
    this.#flights.set(id, flight);
    return flight;
  }

  /** Nobody waits for it. */
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
      firstGen: undefined,
      sid: undefined,
      committedGen: undefined,
      passed: undefined,
      paused: undefined,
      failure: undefined,
    };
  }

  /** One background validation per user in this tab. */
  #validateLater(user: string, delayMs: number): void {
    if (this.#validating.has(user)) return;
    this.#validating.add(user);
    validatePending(this.#newRun({ user, want: USUAL_WANT, notGen: -1 }), delayMs)
      .catch(() => {})
      .finally(() => this.#validating.delete(user));
  }

  /** An attempt for another want, whose owner may be gone: nobody may ask for it again, and its refresh token is in doubt. */
  #finish(user: string, { want }: SessionAttempt): void {
    const id = flightId(user, want);
    if (!this.#flights.has(id)) this.#take(id, { user, want, notGen: Infinity });
  }

  async #fly(id: string, run: Run, unstored: Promise<Answered>): Promise<TokenSet> {
    const { clock, store } = run.ports;
    const { row, want } = await Promise.race([runMachine(run), unstored]);
    const tokens = storedTokens(row, await store.open(row.tokens), want);
    if (!tokens) throw new NoTokenError("the stored session has no such token");
    const origin = tokens.generation === run.committedGen ? "this-tab" : "other-tab";
    const answer = tokenSet({ ...tokens, origin });
    if (tokens.expiresAt <= clock.now()) {
      const until = clock.mono() + run.timing.bornExpiredMs;
      this.#standing.set(id, { sid: run.sid, until, answer });
    }
    return answer;
  }

  async #stands(id: string, need: RefreshNeed): Promise<TokenSet | undefined> {
    const { clock, store } = this.#config.ports;
    const standing = this.#standing.get(id);
    if (!standing) return undefined;
    const row = await store.get(sessionKey(this.#config.client, need.user));
    if (standing.until <= clock.mono() || row?.sid !== standing.sid || row?.end) {
      this.#standing.delete(id);
      return undefined;
    }
    return (standing.answer.generation ?? 0) > need.notGen ? standing.answer : undefined;
  }

  /** What one caller waits at most, over all the flights it joins. */
  #patience(signal: AbortSignal | undefined): {
    wait(flight: Flight): Promise<TokenSet>;
    end(): void;
  } {
    const { ports, timing } = this.#config;
    const leave = new AbortController();
    const over = ports.clock.sleep(timing.patienceMs, leave.signal);
    over.catch(() => {});
    return {
      wait: (flight) => {
        const { run, result } = flight;
        const late = over.then(() => {
          throw new TimeoutError("no token yet", { pending: true, cause: run.failure });
        });
        flight.waiting++;
        return abortable(Promise.race([result, late]), signal).finally(() => flight.waiting--);
      },
      end: () => leave.abort(),
    };
  }
}

function flightId(user: string, want: WantKey): string {
  return JSON.stringify([user, want]);
}

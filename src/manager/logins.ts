import type { CallbackResult } from "../core/auth.ts";
import type { CallbackLedger, LoginRecord } from "../core/callback-ledger.ts";
import { InvalidResponseError, isAuthError, NoTokenError } from "../core/errors.ts";
import type { Grant, TokenRequest } from "../core/grant.ts";
import type { Clock, Page, TabLock } from "../core/ports.ts";
import type { Refresher } from "../core/refresher.ts";
import type { UserStore } from "../core/session.ts";
import type { TokenSet } from "../core/token-set.ts";
import type { Trip } from "../core/user-agent.ts";
import type { User } from "../core/user.ts";
import { wantKey } from "../core/want.ts";
import type { ActiveSession } from "./active-session.ts";
import { checkIn, loadBeyondLogin, userOf, type CheckInDesk } from "./check-in.ts";
import type { KeepOptions } from "./keep-answer.ts";
import { passRevocations, type RevocationQueue } from "./pass-revocations.ts";
import { isSilent } from "./silent.ts";
import type { SilentLogin } from "./silent-login.ts";
import { refusal } from "./refusal.ts";
import { stateOf, withoutResponse } from "./response-url.ts";

export interface LoginsConfig extends CheckInDesk, RevocationQueue {
  /** Where authorization responses arrive; absolute. */
  readonly redirectUri: () => string;
  readonly page: Page;
  readonly locks: TabLock;
  readonly clock: Clock;
  readonly ledger: CallbackLedger;
  readonly grant: Grant;
  readonly users: UserStore;
  readonly refresher: Pick<Refresher, "prepare">;
}

/** What became of a response, for whoever would go on another trip. */
export interface Outcome {
  /** It failed for want of a network, or was not looked at yet, and can be taken. */
  readonly isUnfinished: boolean;
  readonly setback?: Setback | undefined;
}

/** Why a response did not bring who was asked for, until a login does. */
interface Setback {
  readonly error?: unknown;
  /** Who came in place of whoever was asked for. */
  readonly sub?: string;
  /** Somebody is here, or was since: only who asks for another person needs to know. */
  isIn: boolean;
}

/**
 * All that signs somebody in, loaded with the first login. However often an authorization response is looked at, its code is
 * exchanged once and the result is the same.
 */
export class Logins {
  readonly #config: LoginsConfig;
  readonly #session: ActiveSession;
  readonly #results = new Map<string, Promise<CallbackResult>>();
  /** Of codes that are used up, while nobody can be told or stored yet. */
  readonly #answers = new Map<string, TokenSet>();
  #setback: Setback | undefined;

  constructor(config: LoginsConfig, session: ActiveSession) {
    this.#config = config;
    this.#session = session;
  }

  outcomeOf(response: string): Outcome {
    return { isUnfinished: !this.#results.has(stateIn(response)), setback: this.#setback };
  }

  /** To the authorization endpoint and back. */
  async travel(trip: Trip, request: TokenRequest): Promise<User> {
    const { grant, users, userFetcher } = this.#config;
    // What is got now exists once.
    if (userFetcher) loadBeyondLogin().catch(() => {});
    const beforeLeaving = () => passRevocations(this.#config, request);
    const before = await users.getActive();
    const silent = isSilent(trip, request)
      ? await (await loadBeyondLogin()).silentLogin(this.#config)
      : undefined;
    await beforeLeaving();
    try {
      const answer = await grant.requestToken({ ...request, trip, beforeLeaving });
      return await this.checkIn(answer, request, silent);
    } catch (error) {
      if (!(error instanceof NoTokenError)) throw error;
      return await this.#signedInMeanwhile(before.row?.sid, error);
    }
  }

  /** Another tab that waited for the same person was faster. */
  async #signedInMeanwhile(sidBefore: string | undefined, reason: NoTokenError): Promise<User> {
    const { row } = await this.#config.users.getActive();
    if (row?.sid === sidBefore) throw reason;
    await this.#session.load("other-tab");
    if (!this.#session.user) throw reason;
    return this.#session.user;
  }

  /** What a grant gave without asking anybody. */
  async keep(answer: TokenSet, request: TokenRequest, options: KeepOptions): Promise<void> {
    const { keepAnswer } = await loadBeyondLogin();
    const who = await keepAnswer(this.#config, answer, request, checkIn, options);
    // A tab that is for nobody takes whoever comes.
    if (this.#session.sub === undefined) await this.#session.enter(who);
  }

  async checkIn(answer: TokenSet, request: TokenRequest = {}, silent?: SilentLogin): Promise<User> {
    const want = wantKey({ ...(answer.asked ?? request), scope: [] });
    const desk = { ...this.#config, ...silent };
    const who = await userOf(desk, answer, request.signal);
    const { sub } = who;
    const isSeen = !silent && answer.asked?.prompt !== "none";
    if (!isSeen) await (await loadBeyondLogin()).assertMayReturn(this.#config, sub);
    const next = silent ? await silent.tabOf(sub) : sub;
    // With a generation it is stored already: somebody who was here came back.
    if (answer.generation === undefined) await checkIn(desk, answer, who, want, undefined, next);
    else await desk.users.putDefault(next);
    if (isSeen) await clearForgotten(this.#config.users, sub);
    if (next === sub) await this.#session.enter(sub);
    // The network is here now; when the token has run out it may not be.
    this.#config.refresher.prepare().catch(() => {});
    this.#setback = undefined;
    return who;
  }

  /** @param response a URL with an authorization response */
  handle(response: string): Promise<CallbackResult> {
    const state = stateIn(response);
    const result = this.#results.get(state) ?? this.#take(response, state);
    this.#results.set(state, result);
    return result;
  }

  #take(response: string, state: string): Promise<CallbackResult> {
    const login = () => this.#inTurn(response, state);
    const result = this.#session.during(login, (error) => !isForeign(error));
    result.catch((error: unknown) => {
      const isUnfinished = isAuthError(error) && error.retryable;
      (isUnfinished ? this.#results : this.#answers).delete(state);
      if (!isForeign(error)) this.#fail(error);
    });
    return result;
  }

  #fail(error: unknown): void {
    const { state, user } = this.#session;
    const setback = (this.#setback = { error, isIn: user !== undefined });
    state.subscribe(() => (setback.isIn ||= this.#session.user !== undefined));
  }

  /** One at a time over all tabs and managers; the second finds what the first made of the response. */
  #inTurn(response: string, state: string): Promise<CallbackResult> {
    const { locks, page, ledger } = this.#config;
    return locks.request(`callback/${state}`, { mode: "exclusive" }, async () => {
      const known = await ledger.get(state).catch(() => undefined);
      // Not earlier: every manager that begins in the same task as this one has seen the response by now.
      if (page.href() === response) page.replaceUrl(withoutResponse(response));
      return known && "sub" in known ? this.#recall(known) : this.#exchange(response, state);
    });
  }

  async #exchange(response: string, state: string): Promise<CallbackResult> {
    const { grant, ledger } = this.#config;
    const kept = this.#results.get(state)!;
    const answer = this.#answers.get(state) ?? (await grant.requestToken({ response, kept }));
    this.#answers.set(state, answer);
    const user = await this.checkIn(answer);
    this.#answers.delete(state);
    this.#judge(answer.asked, user.sub);
    const place = answer.returnTo === undefined ? {} : { returnTo: answer.returnTo };
    // The login stands even when nobody can be told of it twice.
    await ledger.put(state, { sub: user.sub, ...place }).catch(() => {});
    return { user, ...place };
  }

  /** Whoever cannot say whom was asked for may have asked for somebody. */
  #judge(asked: TokenSet["asked"], sub: string): void {
    const user = asked ? (asked.user ?? sub) : undefined;
    if (user !== sub) this.#setback = { sub, isIn: true };
  }

  async #recall({ sub, ...place }: LoginRecord): Promise<CallbackResult> {
    await this.#session.load("stored");
    const user = this.#session.user;
    if (user?.sub !== sub)
      throw refusal("state", "this response was used, and whom it signed in is not in this tab");
    this.#judge(undefined, sub);
    return { user, ...place };
  }
}

/** The session is stored, so a failure here is of no consequence for this login. */
async function clearForgotten(users: UserStore, sub: string): Promise<void> {
  await users
    .people()
    .then((people) => people.clearForgotten(sub))
    .catch(() => {});
}

/** Another client's response says nothing about this one's login. */
function isForeign(error: unknown): boolean {
  return error instanceof InvalidResponseError && /^(client_id|issuer)$/.test(error.parameter);
}

function stateIn(response: string): string {
  return stateOf(new URL(response)) ?? "";
}

import type { CallbackResult } from "../core/auth.ts";
import type { CallbackLedger, CallbackRecord } from "../core/callback-ledger.ts";
import { InvalidResponseError, isAuthError } from "../core/errors.ts";
import type { Grant } from "../core/grant.ts";
import type { Page, TabLock } from "../core/ports.ts";
import { parseUrl } from "../core/same-origin.ts";
import type { ActiveSession } from "./active-session.ts";
import { stateOf, withoutResponse } from "./response-url.ts";
import type { SessionDesk } from "./session-desk.ts";

export interface CallbacksConfig {
  readonly page: Page;
  readonly locks: TabLock;
  readonly ledger: CallbackLedger;
  readonly grant: Grant;
}

/** Takes authorization responses. However often one is looked at, its code is exchanged once and the result is the same. */
export class Callbacks {
  readonly #config: CallbacksConfig;
  readonly #session: ActiveSession;
  readonly #desk: SessionDesk;
  readonly #results = new Map<string, Promise<CallbackResult>>();
  #last: string | undefined;
  #settled: Promise<unknown> = Promise.resolve();

  constructor(config: CallbacksConfig, session: ActiveSession, desk: SessionDesk) {
    this.#config = config;
    this.#session = session;
    this.#desk = desk;
  }

  /** When nothing is under way any more; never rejects. */
  get settled(): Promise<unknown> {
    return this.#settled;
  }

  /** The last response failed for want of a network, and can be taken again. */
  get isUnfinished(): boolean {
    const state = this.#last === undefined ? undefined : stateOf(new URL(this.#last));
    return state !== undefined && !this.#results.has(state);
  }

  /** @param url the page's own when not given */
  async handle(url: string | undefined): Promise<CallbackResult> {
    const { page } = this.#config;
    const given = parseUrl(url ?? page.href(), page.href());
    if (!given) throw refusal("url", "this is not a URL");
    // An earlier call has cleaned the address bar: its response is meant.
    const response = stateOf(given) === undefined && url === undefined ? this.#last : given.href;
    const state = response === undefined ? undefined : stateOf(new URL(response));
    if (response === undefined || state === undefined) {
      throw refusal("state", "there is no authorization response in this URL");
    }
    this.#last = response;
    const result = this.#results.get(state) ?? this.#take(response, state);
    this.#results.set(state, result);
    return result;
  }

  #take(response: string, state: string): Promise<CallbackResult> {
    const login = () => this.#inTurn(response, state);
    const result = this.#session.during(login, (error) => !isForeign(error));
    this.#settled = result.catch((error: unknown) => {
      if (isAuthError(error) && error.retryable) this.#results.delete(state);
    });
    return result;
  }

  /** One at a time over all tabs and managers; the second finds what the first made of the response. */
  #inTurn(response: string, state: string): Promise<CallbackResult> {
    const { locks, page, ledger } = this.#config;
    return locks.request(`callback/${state}`, { mode: "exclusive" }, async () => {
      const known = await ledger.get(state).catch(() => undefined);
      // Not earlier: every manager that begins in the same task as this one has seen the response by now.
      if (page.href() === response) page.replaceUrl(withoutResponse(response));
      return known ? this.#recall(known) : this.#exchange(response, state);
    });
  }

  async #exchange(response: string, state: string): Promise<CallbackResult> {
    const { grant, ledger } = this.#config;
    const answer = await grant.requestToken({ response });
    const user = await this.#desk.checkIn(answer);
    const place = answer.returnTo === undefined ? {} : { returnTo: answer.returnTo };
    // The login stands even when nobody can be told of it twice.
    await ledger.put(state, { sub: user.sub, ...place }).catch(() => {});
    return { user, ...place };
  }

  async #recall({ sub, ...place }: CallbackRecord): Promise<CallbackResult> {
    await this.#session.load("stored");
    const user = this.#session.user;
    if (user?.sub !== sub)
      throw refusal("state", "this response was used, and its session is over");
    return { user, ...place };
  }
}

/** Another client's response says nothing about this one's login. */
function isForeign(error: unknown): boolean {
  return error instanceof InvalidResponseError && /^(client_id|issuer)$/.test(error.parameter);
}

function refusal(parameter: string, message: string): InvalidResponseError {
  return new InvalidResponseError(
    parameter,
    message,
    "Call handleCallback() on the redirect URI only, with the URL as the server sent it.",
  );
}

import type { CallbackResult } from "../../core/auth.ts";
import type { CallbackLedger, LoginRecord } from "../../core/callback-ledger.ts";
import { InvalidResponseError, isAuthError } from "../../core/errors.ts";
import { AuthorizationError } from "../../core/protocol-errors.ts";
import type { Grant } from "../../core/grant.ts";
import type { ClientKey } from "../../core/keys.ts";
import type { Page, TabLock } from "../../core/ports.ts";
import { parseUrl } from "../../core/same-origin.ts";
import type { TokenSet } from "../../core/token-set.ts";
import type { User } from "../../core/user.ts";
import type { ActiveSession } from "../session/active-session.ts";
import { withoutResponse } from "./clean-url.ts";
import { refusal, stateOf } from "./response-url.ts";

interface CallbackConfig {
  readonly client: ClientKey;
  readonly page: Page;
  readonly locks: TabLock;
  readonly ledger: CallbackLedger;
  readonly grant: Grant;
}

interface CallbackEvents {
  /** Stores the session of a login. */
  storeLogin(tokens: TokenSet): Promise<User>;
  /** A response failed for good. */
  onFailure(error: unknown): void;
}

/** Handles authorization responses: a code is exchanged once, and a later call for the same response has the same result. */
export class CallbackResponses {
  readonly #config: CallbackConfig;
  readonly #session: ActiveSession;
  readonly #events: CallbackEvents;
  readonly #results = new Map<string, Promise<CallbackResult>>();
  /** Token responses that are not stored yet. Their codes are spent, so a retry uses them. */
  readonly #responses = new Map<string, TokenSet>();

  constructor(config: CallbackConfig, session: ActiveSession, events: CallbackEvents) {
    this.#config = config;
    this.#session = session;
    this.#events = events;
  }

  /** `response` failed before its code was sent, or was not looked at yet, and can be taken. */
  isUnfinished(response: string): boolean {
    return !this.#results.has(this.#stateIn(response));
  }

  /** @param response a URL with an authorization response */
  handle(response: string): Promise<CallbackResult> {
    if (!parseUrl(response)) throw refusal("url", "this is not a URL");
    const state = this.#stateIn(response);
    if (!state) {
      throw refusal("state", "there is no authorization response of this client in this URL");
    }
    const result = this.#results.get(state) ?? this.#take(response, state);
    this.#results.set(state, result);
    return result;
  }

  #take(response: string, state: string): Promise<CallbackResult> {
    // Its mark is written before anybody hears of the failure, because the app may leave the page then.
    const login = () =>
      this.#inTurn(response, state).catch((error: unknown) => {
        if (!isUnfinished(error) && !isForeign(error)) this.#events.onFailure(error);
        throw error;
      });
    const result = this.#session.trackLogin(login, (error) => !isForeign(error));
    result.catch((error: unknown) => {
      (isUnfinished(error) ? this.#results : this.#responses).delete(state);
    });
    return result;
  }

  /** One at a time over all tabs and managers; the second finds what the first made of the response. */
  #inTurn(response: string, state: string): Promise<CallbackResult> {
    const { locks, page, ledger } = this.#config;
    return locks.request(`callback/${state}`, { mode: "exclusive" }, async () => {
      const known = await ledger.get(state).catch(() => undefined);
      // Not earlier: every manager that begins in the same task as this one has seen the response by now.
      if (page.href() === response) page.replaceUrl(withoutResponse(response, state));
      return known && "sub" in known ? this.#recall(known) : this.#exchange(response, state);
    });
  }

  async #exchange(response: string, state: string): Promise<CallbackResult> {
    const { grant, ledger } = this.#config;
    const stored = this.#results.get(state)!;
    const tokens = this.#responses.get(state) ?? (await grant.requestToken({ response, stored }));
    this.#responses.set(state, tokens);
    const user = await this.#events.storeLogin(tokens);
    this.#responses.delete(state);
    const place = tokens.returnTo === undefined ? {} : { returnTo: tokens.returnTo };
    // The login stands even when nobody can be told of it twice.
    await ledger.put(state, { sub: user.sub, ...place }).catch(() => {});
    return { user, ...place };
  }

  async #recall({ sub, ...place }: LoginRecord): Promise<CallbackResult> {
    await this.#session.load("stored");
    const user = this.#session.user;
    if (user?.sub !== sub)
      throw refusal("state", "this response was used, and whom it signed in is not in this tab");
    return { user, ...place };
  }

  #stateIn(response: string): string {
    return stateOf(new URL(response), this.#config.client) ?? "";
  }
}

/** The pending request, or the response to it, is still here: the same call may succeed later. */
function isUnfinished(error: unknown): boolean {
  return isAuthError(error) && error.retryable && !(error instanceof AuthorizationError);
}

/** Another client's response says nothing about this one's login. */
function isForeign(error: unknown): boolean {
  return error instanceof InvalidResponseError && /^(client_id|issuer)$/.test(error.parameter);
}

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
  /** Called when a response has failed for good. */
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

  /** Whether `response` can be handled: it was not handled yet, or failed before its code was sent. */
  isUnfinished(response: string): boolean {
    return !this.#results.has(this.#stateIn(response));
  }

  /**
   * Handles the response in a URL. A later call for the same response returns the same result.
   * @throws InvalidResponseError the URL has no response of this client
   */
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
    // The mark is written before callers learn of the failure, because the app may navigate then.
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

  /** Runs one at a time over all tabs and managers. The second call finds the result of the first one. */
  #inTurn(response: string, state: string): Promise<CallbackResult> {
    const { locks, page, ledger } = this.#config;
    return locks.request(`callback/${state}`, { mode: "exclusive" }, async () => {
      const known = await ledger.get(state).catch(() => undefined);
      // Not replaced earlier, because other managers that start in the same task must read the response first.
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
    // The login has succeeded, even if a later call for this response finds no record.
    await ledger.put(state, { sub: user.sub, ...place }).catch(() => {});
    return { user, ...place };
  }

  async #recall({ sub, ...place }: LoginRecord): Promise<CallbackResult> {
    await this.#session.load("stored");
    const user = this.#session.user;
    if (user?.sub !== sub)
      throw refusal("state", "this response was used already, and its user is not this tab's user");
    return { user, ...place };
  }

  #stateIn(response: string): string {
    return stateOf(new URL(response), this.#config.client) ?? "";
  }
}

/** Whether the same call may succeed later, because the pending request or the token response is still stored. */
function isUnfinished(error: unknown): boolean {
  return isAuthError(error) && error.retryable && !(error instanceof AuthorizationError);
}

/** Whether the response belongs to another client. Such a response says nothing about this client's login. */
function isForeign(error: unknown): boolean {
  return error instanceof InvalidResponseError && /^(client_id|issuer)$/.test(error.parameter);
}

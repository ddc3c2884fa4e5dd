import type { CallbackResult } from "../../core/auth-options.ts";
import type { CallbackLedger, LoginRecord } from "../../core/callback-ledger.ts";
import { ofLogin } from "../../core/auth-error.ts";
import { InvalidResponseError, isAuthError, type AuthError } from "../../core/errors.ts";
import { AuthorizationError } from "../../core/protocol-errors.ts";
import type { ClientKey } from "../../core/keys.ts";
import type { Page, TabLock } from "../../core/ports.ts";
import { parseUrl } from "../../core/same-origin.ts";
import type { TokenSet } from "../../core/token-set.ts";
import type { User } from "../../core/user.ts";
import type { ActiveSession } from "../session/active-session.ts";
import { withoutResponse } from "./clean-url.ts";
import { grantTokens, type GrantTokensParts } from "./grant-tokens.ts";
import { refusal, stateOf } from "./response-url.ts";
import { pathOf } from "./way-back.ts";

interface CallbackConfig extends GrantTokensParts {
  readonly client: ClientKey;
  readonly page: Page;
  readonly locks: TabLock;
  readonly ledger: CallbackLedger;
}

interface CallbackEvents {
  /** Stores the tokens of a login as a session, and returns the user of the tokens. */
  storeLogin(tokens: TokenSet): Promise<User>;
  /** Called when a response could not be handled and a retry cannot help. */
  onFailure(error: unknown): void;
  /** Takes the user back to the page on which the login began. If this page is left, the promise never settles. */
  goBack(login: EndedLogin): Promise<void>;
}

/** A login that has succeeded or failed. */
export interface EndedLogin {
  readonly returnTo: string | undefined;
  /** The error of a failed login. */
  readonly error?: unknown;
  /** The page's URL without the parameters of the response. */
  readonly cleaned: string;
}

/** Handles authorization responses. The code of each response is exchanged only once, even if `handle()` is called twice. */
export class CallbackResponses {
  readonly #config: CallbackConfig;
  readonly #session: ActiveSession;
  readonly #events: CallbackEvents;
  readonly #results = new Map<string, Promise<CallbackResult>>();
  /** For each handled response, a promise that settles on the page on which the user ends up. */
  readonly #arrivals = new Map<string, Promise<unknown>>();
  /**
   * The token responses that could not be stored yet, by `state`. The next call of `handle()` stores the token response without
   * a second code exchange.
   */
  readonly #responses = new Map<string, TokenSet>();

  constructor(config: CallbackConfig, session: ActiveSession, events: CallbackEvents) {
    this.#config = config;
    this.#session = session;
    this.#events = events;
  }

  /**
   * Returns true if `handle()` was not called for the URL `response` yet, or if the last call failed and a retry can succeed.
   */
  isUnfinished(response: string): boolean {
    return !this.#results.has(this.#stateIn(response));
  }

  /**
   * Handles the authorization response in the URL `response`. A later call for the same response returns the same result.
   * @throws InvalidResponseError the URL has no response to a request of this client
   */
  handle(response: string): Promise<CallbackResult> {
    if (!parseUrl(response)) throw refusal("url", "the argument of handleCallback() is not a URL");
    const state = this.#stateIn(response);
    if (!state) {
      throw refusal("state", "the URL has no authorization response to a request of this client");
    }
    const result = this.#results.get(state) ?? this.#take(response, state);
    this.#results.set(state, result);
    return result;
  }

  #take(response: string, state: string): Promise<CallbackResult> {
    // `onFailure()` prevents another automatic login. `onFailure()` runs before the app gets the error, because the app might
    // then navigate.
    const place = { cleaned: withoutResponse(response, state) };
    const login = () =>
      this.#inTurn(response, state, place).catch((error: unknown) => {
        if (!isUnfinished(error) && !isForeign(error) && !isSilent(error))
          this.#events.onFailure(error);
        throw error;
      });
    const result = this.#session.trackLogin(
      login,
      (error) => !isForeign(error) && !isSilent(error),
    );
    this.#arrivals.set(state, this.#arrive(result, place));
    result.catch((error: unknown) => {
      (isUnfinished(error) ? this.#results : this.#responses).delete(state);
    });
    return result;
  }

  /**
   * Handles the response under a lock, so two tabs never handle the same response at the same time. The second tab finds the
   * result of the first tab in the ledger.
   * @param place gets the page's URL from which the response was removed
   */
  #inTurn(response: string, state: string, place: { cleaned: string }): Promise<CallbackResult> {
    const { locks, page, ledger } = this.#config;
    return locks.request(`callback/${state}`, { mode: "exclusive" }, async () => {
      const known = await ledger.get(state).catch(() => undefined);
      // Until the lock is granted, the response stays in the page's URL. Other `AuthManager`s of this page can therefore read
      // the response, too.
      const here = page.href();
      // A router might have changed the URL, for example by a fragment. So the response is removed from the current URL.
      if (this.#stateIn(here) === state) {
        place.cleaned = withoutResponse(here, state);
        page.replaceUrl(place.cleaned);
      }
      return known && "sub" in known ? this.#recall(known) : this.#exchange(response, state);
    });
  }

  async #exchange(response: string, state: string): Promise<CallbackResult> {
    const { ledger } = this.#config;
    const stored = this.#arrivals.get(state)!;
    const tokens =
      this.#responses.get(state) ?? (await grantTokens(this.#config, { response, stored }));
    this.#responses.set(state, tokens);
    const login = { returnTo: tokens.returnTo, prompt: tokens.asked?.prompt };
    const user = await this.#events.storeLogin(tokens).catch((error: unknown) => {
      throw ofLogin(error, login);
    });
    this.#responses.delete(state);
    const place =
      tokens.returnTo === undefined ? {} : { returnTo: pathOf(tokens.returnTo, response) };
    // The login has succeeded, so an error of the ledger is ignored.
    await ledger.put(state, { sub: user.sub, ...place }).catch(() => {});
    return { user, ...place };
  }

  async #recall({ sub, ...place }: LoginRecord): Promise<CallbackResult> {
    await this.#session.load("stored");
    const user = this.#session.user;
    if (user?.sub !== sub)
      throw refusal(
        "state",
        "this response was already handled, and the user who logged in with it is not this tab's user",
      );
    return { user, ...place };
  }

  async #arrive(
    result: Promise<CallbackResult>,
    place: Pick<EndedLogin, "cleaned">,
  ): Promise<void> {
    try {
      const { returnTo } = await result;
      await this.#events.goBack({ returnTo, ...place });
    } catch (error) {
      if (isUnfinished(error) || isForeign(error)) return;
      const { returnTo } = error as Partial<AuthError>;
      await this.#events.goBack({ returnTo, ...place, ...(!isSilent(error) && { error }) });
    }
  }

  #stateIn(response: string): string {
    return stateOf(new URL(response), this.#config.client) ?? "";
  }
}

/** Returns true if a retry of `handle()` can succeed after `error`. */
function isUnfinished(error: unknown): boolean {
  return isAuthError(error) && error.retryable && !(error instanceof AuthorizationError);
}

/** Returns true if `error` ended a silent login: the server found no user, and the user has not noticed the login. */
function isSilent(error: unknown): boolean {
  return (error as Partial<AuthError>).isSilent === true;
}

/** Returns true if `error` means that the response belongs to another client. */
function isForeign(error: unknown): boolean {
  return error instanceof InvalidResponseError && /^(client_id|issuer)$/.test(error.parameter);
}

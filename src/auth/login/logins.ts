import type { GetTokenOptions } from "../../core/auth.ts";
import type { CallbackLedger } from "../../core/callback-ledger.ts";
import { CancelledError, isAuthError, NoTokenError } from "../../core/errors.ts";
import type { LoginMarks } from "../../core/login-marks.ts";
import type { Grant, TokenRequest } from "../../core/grant.ts";
import type { Clock, Page, TabLock } from "../../core/ports.ts";
import type { Refresher } from "../../core/refresher.ts";
import type { UserStore } from "../../core/user-store.ts";
import type { TokenSet } from "../../core/token-set.ts";
import type { RoundTrip } from "../../core/user-agent.ts";
import type { User } from "../../core/user.ts";
import { DEFAULT_TARGET, targetKey, type TargetKey } from "../../core/token-target.ts";
import type { ActiveSession } from "../session/active-session.ts";
import { AutomaticLogins } from "./automatic-logins.ts";
import { CallbackResponses } from "./callback-responses.ts";
import type { LoginTab } from "./tab-marks.ts";
import { whatCameBack } from "./came-back.ts";
import { storeLogin, loadMore, userOf, type StoreLoginParts } from "./store-login.ts";
import type { StoreOptions } from "./store-grant-tokens.ts";
import { passRevocations, type RevocationQueue } from "../logout/pass-revocations.ts";
import { servedTarget, type LooseTarget, type ServedTarget } from "./served-target.ts";
import { isSilent, type SilentLogin } from "./silent-login.ts";

/** The configuration of `Logins`. */
export interface LoginsConfig extends StoreLoginParts, RevocationQueue {
  /** Returns the absolute URL at which authorization responses arrive. */
  readonly redirectUri: () => string;
  readonly page: Page;
  readonly locks: TabLock;
  readonly clock: Clock;
  /** Stores which authorization responses were handled, and with which result. */
  readonly ledger: CallbackLedger;
  /** Stores the marks, which are records of this tab's logins and logouts. The marks limit automatic logins. */
  readonly marks: LoginMarks;
  readonly grant: Grant;
  readonly users: UserStore;
  readonly refresher: Pick<Refresher, "prepare">;
}

/** Runs the logins of an `AuthManager` and handles its authorization responses. This code is loaded when it is first needed. */
export class Logins {
  readonly automatic: AutomaticLogins;
  readonly responses: CallbackResponses;
  readonly #config: LoginsConfig;
  readonly #session: ActiveSession;
  /**
   * The access token of a login, if the token had already expired when it arrived. `getToken()` returns this token once,
   * although the token has expired.
   */
  #offered:
    | { readonly token: string; readonly sub: string; readonly target: TargetKey }
    | undefined;

  constructor(config: LoginsConfig, session: ActiveSession, tab: LoginTab) {
    this.automatic = new AutomaticLogins(config, tab, session);
    this.responses = new CallbackResponses(config, session, {
      storeLogin: (tokens) => this.storeLogin(tokens),
      onFailure: (error) => this.automatic.fail(error),
    });
    this.#config = config;
    this.#session = session;
  }

  /**
   * If a login returned an access token that had already expired, returns that token, but only once. Returns undefined if there
   * is no such token, if `options` request another token, or if the token's user is no longer signed in.
   */
  takeOffered(options: GetTokenOptions): string | undefined {
    const { sub = "", token, target } = this.#offered ?? {};
    const { user } = this.#session;
    const isTheirs = user?.sub === sub && (options.user ?? sub) === sub;
    if (!isTheirs || ![target, DEFAULT_TARGET].includes(targetKey(options))) return undefined;
    this.#offered = undefined;
    return token;
  }

  /**
   * Returns true if the error of a login is published as `state.error`. Two kinds of errors are not published:
   * - any error of a silent login, because such a login often finds no user
   * - a `NoTokenError` of an automatic login, because such a login was not allowed to start or to go on
   */
  tellsWhy(error: unknown, roundTrip: RoundTrip, request: TokenRequest): boolean {
    return !isSilent(roundTrip, request) && !(request.mayChoose && error instanceof NoTokenError);
  }

  /** Called when a token was returned to a caller. Updates the marks of logins. */
  given({ user = this.#session.sub, ...target }: GetTokenOptions): void {
    this.automatic.given({ ...target, user });
  }

  /**
   * Called after each change of the state. If the state has a fresh token, updates the marks as if `getToken()` had returned
   * this token.
   */
  follow(): void {
    const state = this.#session.state.get();
    if (state.status === "authenticated" && state.freshness === "fresh") this.given({});
  }

  /**
   * Called when a page has loaded and the page's URL contains no authorization response for this client. If the latest login of
   * this tab had navigated to the login page, the browser has come back from there without a response. The stored record (mark)
   * of that login then gets the outcome `unrecognised`.
   */
  cameBack(url: string): void {
    const { begun } = this.automatic;
    if (begun?.outcome !== "started") return;
    const what = whatCameBack(url, this.#config.redirectUri());
    this.automatic.settle("unrecognised", what, begun);
  }

  /**
   * Requests tokens from the grant, stores them and returns the user. Rejects with the errors of the grant. If the grant throws
   * a `NoTokenError` but another tab has logged a user in meanwhile, returns that user instead.
   */
  async startLogin(roundTrip: RoundTrip, request: TokenRequest): Promise<User> {
    const { grant, users, userFetcher } = this.#config;
    // The code for user fetchers is loaded before the login starts. If the code could not be loaded after the login,
    // the tokens of the login would be lost.
    if (userFetcher) loadMore().catch(() => {});
    const beforeLeaving = () => passRevocations(this.#config, request);
    const before = await users.getActive();
    const silent = isSilent(roundTrip, request)
      ? await (await loadMore()).silentLogin(this.#config)
      : undefined;
    await beforeLeaving();
    const { automatic } = this;
    if (!request.mayChoose && !silent) automatic.forget();
    const watched = request.mayChoose
      ? automatic.guarded(roundTrip, request)
      : automatic.watched(roundTrip, request);
    try {
      const tokens = await grant.requestToken({ ...request, roundTrip: watched, beforeLeaving });
      return await this.storeLogin(tokens, request, silent);
    } catch (error) {
      if (!(error instanceof NoTokenError)) {
        const isResponded = isAuthError(error) && !(error instanceof CancelledError);
        // If an automatic login runs in a popup or frame, its failure arrives here. If an automatic login navigates this page,
        // its failure arrives when the next page loads.
        if (request.mayChoose && isResponded && automatic.begun) automatic.fail(error);
        throw error;
      }
      return await this.#signedInMeanwhile(before.row?.sessionId, error);
    }
  }

  /**
   * Returns the user that another tab has logged in since this login began. Throws `reason` if there is no such user. `before`:
   * the `sessionId` of the active session when this login began.
   */
  async #signedInMeanwhile(before: string | undefined, reason: NoTokenError): Promise<User> {
    const { row } = await this.#config.users.getActive();
    if (row?.sessionId === before) throw reason;
    await this.#session.load("other-tab");
    if (!this.#session.user) throw reason;
    return this.#session.user;
  }

  /** Stores tokens that the grant returned without a login. */
  async storeTokens(tokens: TokenSet, request: TokenRequest, options: StoreOptions): Promise<void> {
    const { storeGrantTokens } = await loadMore();
    const sub = await storeGrantTokens(this.#config, tokens, request, storeLogin, options);
    // If this tab belonged to no user, it belongs to the user of the tokens from now on.
    if (this.#session.sub === undefined) await this.#session.pinUser(sub);
  }

  /** Stores the tokens of a login and returns the user. */
  async storeLogin(
    tokens: TokenSet,
    request: TokenRequest = {},
    silent?: SilentLogin,
  ): Promise<User> {
    const asked = tokens.asked ?? request;
    const served = servedTarget(asked, tokens);
    const target = targetKey(served.target);
    const parts = { ...this.#config, ...silent };
    const user = await userOf(parts, tokens, request.signal);
    const { sub } = user;
    const isSeen = !silent && tokens.asked?.prompt !== "none";
    if (!isSeen) await (await loadMore()).assertMayReturn(this.#config, sub);
    const next = silent ? await silent.tabOf(sub) : sub;
    // Every stored token has a number, the `generation`. If the grant's tokens have a `generation`, the grant took the tokens
    // from a stored session, so the tokens need not be stored again.
    if (tokens.generation === undefined)
      await storeLogin(parts, tokens, user, target, undefined, next);
    else await parts.users.putDefault(next);
    if (isSeen) await clearForgotten(this.#config.users, sub);
    if (next === sub) await this.#session.pinUser(sub);
    // The code for refreshes is loaded now, because the network might be gone when the token expires.
    this.#config.refresher.prepare().catch(() => {});
    this.#settle(tokens, sub, { ...served, user: asked.user, asked });
    return user;
  }

  /**
   * Writes the result of the login into the mark of the login. If the access token had already expired when it arrived and
   * there is no refresh token, keeps the access token for `takeOffered()`.
   */
  #settle(
    { accessToken, expiresAt, refreshToken }: TokenSet,
    sub: string,
    {
      asked,
      target,
      missing,
      user,
    }: ServedTarget & { asked: LooseTarget; user: string | undefined },
  ): void {
    const { automatic } = this;
    const subject = { ...asked, user };
    const lifetimeMs = expiresAt - this.#config.clock.now();
    const lifetime = `the token of that login was valid for ${Math.max(0, Math.round(lifetimeMs / 1000))} s`;
    if ((user ?? automatic.begun?.user ?? sub) !== sub) {
      automatic.settle("other_user", undefined, subject);
    } else if (missing.length > 0) {
      const words = `the server did not grant the scope ${missing.join(" ")}`;
      automatic.settle("useless", words, subject);
    } else if (lifetimeMs <= 0 && refreshToken === undefined) {
      automatic.settle("useless", lifetime, subject);
      this.#offered = { token: accessToken, sub, target: targetKey(target) };
    } else automatic.settle("given", lifetime, subject);
  }
}

/**
 * `forget()` stores a record that the user was forgotten. This function deletes that record after a login of the user. If that
 * fails, the function does not reject, because the session of the login is already stored.
 */
async function clearForgotten(users: UserStore, sub: string): Promise<void> {
  await users
    .users()
    .then((remembered) => remembered.clearForgotten(sub))
    .catch(() => {});
}

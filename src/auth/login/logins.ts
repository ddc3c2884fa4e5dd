import type { GetTokenOptions } from "../../core/auth-options.ts";
import type { CallbackLedger } from "../../core/callback-ledger.ts";
import { CancelledError, isAuthError, NoTokenError, type AnyAuthError } from "../../core/errors.ts";
import type { LoginMarks } from "../../core/login-marks.ts";
import type { Grant, TokenRequest } from "../../core/grant.ts";
import type { Page, TabLock } from "../../core/ports.ts";
import type { Refresher } from "../../core/refresher.ts";
import type { UserStore } from "../../core/user-store.ts";
import type { TokenSet } from "../../core/token-set.ts";
import type { RoundTrip } from "../../core/user-agent.ts";
import type { User } from "../../core/user.ts";
import { DEFAULT_TARGET, targetKey, type TargetKey } from "../../core/token-target.ts";
import type { ActiveSession } from "../session/active-session.ts";
import { otherUser } from "../session/session-reader.ts";
import { AutomaticLogins } from "./automatic-logins.ts";
import { clearForgotten } from "./clear-forgotten.ts";
import { CallbackResponses } from "./callback-responses.ts";
import type { LoginTab } from "./tab-marks.ts";
import { whatCameBack } from "./came-back.ts";
import { errorOf } from "./error-record.ts";
import { goBack, type WayBackConfig } from "./way-back.ts";
import { grantTokens } from "./grant-tokens.ts";
import type { StoreLoginParts } from "./store-login.ts";
import { storeLogin, loadMore, userOf } from "./store-login.ts";
import type { StoreOptions } from "./store-grant-tokens.ts";
import { passRevocations, type RevocationQueue } from "../logout/pass-revocations.ts";
import { servedTarget, type LooseTarget, type ServedTarget } from "./served-target.ts";
import { Misconfiguration, type AskedScope } from "./misconfiguration.ts";
import { isSilent, type SilentLogin } from "./silent-login.ts";

/** The configuration of `Logins`. */
export interface LoginsConfig extends StoreLoginParts, RevocationQueue, WayBackConfig, AskedScope {
  /** Returns the absolute URL at which authorization responses arrive. */
  readonly redirectUri: () => string;
  readonly page: Page;
  readonly locks: TabLock;
  /** Stores the results of handled authorization responses. */
  readonly ledger: CallbackLedger;
  /** Stores this tab's marks: records of logins and logouts. The marks limit automatic logins. */
  readonly marks: LoginMarks;
  readonly grant: Grant;
  readonly users: UserStore;
  readonly refresher: Pick<Refresher, "prepare">;
}

/** Runs the logins of an `AuthManager` and handles authorization responses. `LazyLogins` loads this class on demand. */
export class Logins {
  readonly automatic: AutomaticLogins;
  readonly responses: CallbackResponses;
  readonly #config: LoginsConfig;
  readonly #session: ActiveSession;
  readonly #misconfiguration: Misconfiguration;
  /** An access token that had already expired when a login returned the token. `getToken()` returns this token once. */
  #offered:
    | { readonly token: string; readonly sub: string; readonly target: TargetKey }
    | undefined;

  constructor(config: LoginsConfig, session: ActiveSession, tab: LoginTab) {
    this.automatic = new AutomaticLogins(config, tab, session);
    this.responses = new CallbackResponses(config, session, {
      storeLogin: (tokens) => this.storeLogin(tokens),
      onFailure: (error) => {
        this.#misconfiguration.onError(error);
        this.automatic.fail(error);
      },
      goBack: async ({ returnTo, cleaned, error }) => {
        if (tab.isHandledByApp) return;
        const beforeLeaving = () => this.automatic.leave(error);
        if (goBack(config, { returnTo, cleaned, beforeLeaving })) await new Promise(() => {});
      },
    });
    this.#config = config;
    this.#session = session;
    this.#misconfiguration = new Misconfiguration(config.page);
  }

  /**
   * Returns the access token of a login if the token had already expired when it arrived. Returns this token only once. Returns
   * undefined if `options` request another token, or if the user of the token is no longer signed in.
   */
  takeOffered(options: GetTokenOptions): string | undefined {
    const { sub = "", token, target } = this.#offered ?? {};
    const state = this.#session.state.get();
    const user = "user" in state ? state.user : undefined;
    const isTheirs = user?.sub === sub && (options.user ?? sub) === sub;
    if (!isTheirs || ![target, DEFAULT_TARGET].includes(targetKey(options))) return undefined;
    this.#offered = undefined;
    return token;
  }

  /**
   * Returns true if the error of a login becomes `state.error`. Two kinds of errors do not:
   * - any error of a silent login, because a silent login often finds no user
   * - a `NoTokenError` of an automatic login, because the login was not allowed to start or to continue
   */
  tellsWhy(error: unknown, roundTrip: RoundTrip, request: TokenRequest): boolean {
    return !isSilent(roundTrip, request) && !(request.mayChoose && error instanceof NoTokenError);
  }

  /** Called when `getToken()` has returned a token. Updates the marks, the records of this tab's logins. */
  given({ user = this.#session.sub, ...target }: GetTokenOptions): void {
    this.automatic.given({ ...target, user });
  }

  /**
   * Called after each change of `auth.state`. If the state has a fresh token, updates the records (marks) of this tab's logins.
   */
  follow(): void {
    const state = this.#session.state.get();
    if (state.status === "authenticated" && state.freshness === "fresh") this.given({});
  }

  /**
   * Called when a page has loaded without an authorization response for this client. If this tab's latest login navigated to
   * the login page, the record (mark) of that login gets the outcome `unrecognised`. If a login has just ended on the page of
   * the redirect URI, publishes the login's error, or calls the grant's `afterLogin()`.
   */
  async cameBack(url: string): Promise<void> {
    const arrived = this.automatic.arrive();
    if (arrived) return this.#arrive(errorOf(arrived.error));
    const { begun } = this.automatic;
    if (begun?.outcome !== "started") return;
    const what = whatCameBack(url, this.#config.redirectUri());
    this.automatic.settle("unrecognised", what, begun);
  }

  async #arrive(error: AnyAuthError | undefined): Promise<void> {
    await this.#session.load("stored", error);
    const { user } = this.#session;
    if (user && !error) this.#config.grant.afterLogin?.(user);
  }

  /**
   * Requests tokens from the grant, stores the tokens and returns the user. If the grant throws a `NoTokenError` and another
   * tab has meanwhile logged a user in, returns that user.
   */
  async startLogin(roundTrip: RoundTrip, request: TokenRequest): Promise<User> {
    const { users, userFetcher } = this.#config;
    // The code for user fetchers is loaded before the login. If the load failed after the login, the tokens would be lost.
    if (userFetcher) loadMore().catch(() => {});
    const beforeLeaving = () => passRevocations(this.#config, request);
    const before = await users.getActive();
    const silent = isSilent(roundTrip, request)
      ? await (await loadMore()).silentLogin(this.#config)
      : undefined;
    await beforeLeaving();
    // Some servers need an ID token to know whom a silent login expects.
    const hint = silent ? await this.#session.idToken() : undefined;
    const { automatic } = this;
    if (!request.mayChoose && !silent) automatic.forget();
    const watched = request.mayChoose
      ? automatic.guarded(roundTrip, request)
      : automatic.watched(roundTrip, request);
    try {
      const hinted = { ...request, ...(hint !== undefined && { idTokenHint: hint }) };
      const tokens = await grantTokens(this.#config, {
        ...hinted,
        roundTrip: watched,
        beforeLeaving,
      });
      return await this.storeLogin(tokens, request, silent);
    } catch (error) {
      this.#misconfiguration.onError(error);
      if (!(error instanceof NoTokenError)) {
        const isResponded = isAuthError(error) && !(error instanceof CancelledError);
        // This code handles the failure of a login in a popup or frame. If a login navigates this page, the next page handles
        // the failure.
        if (request.mayChoose && isResponded && automatic.begun) automatic.fail(error);
        throw error;
      }
      return await this.#signedInMeanwhile(before.row?.sessionId, error);
    }
  }

  /**
   * If another tab has logged a user in since this login began, returns that user. Otherwise throws `reason`. `before`: the
   * `sessionId` of the active session when this login began.
   */
  async #signedInMeanwhile(before: string | undefined, reason: NoTokenError): Promise<User> {
    const { row } = await this.#config.users.getActive();
    if (row?.sessionId === before) throw reason;
    await this.#session.load("other_tab");
    if (!this.#session.user) throw reason;
    return this.#session.user;
  }

  /** Stores tokens that the grant returned without a login. Returns the tokens, with default values for missing members. */
  async storeTokens(
    given: TokenSet,
    request: TokenRequest,
    options: StoreOptions,
  ): Promise<TokenSet> {
    const { storeGrantTokens } = await loadMore();
    const stored = await storeGrantTokens(this.#config, given, request, storeLogin, options);
    // If this tab has no user yet, the user of the tokens becomes this tab's user.
    if (this.#session.sub === undefined) await this.#session.pinUser(stored.sub);
    return stored.tokens;
  }

  /** Stores the tokens of a login and returns the user of the tokens. */
  async storeLogin(
    tokens: TokenSet,
    request: TokenRequest = {},
    silent?: SilentLogin,
  ): Promise<User> {
    if (tokens.generation === undefined) this.#misconfiguration.onLogin(tokens, this.#config);
    const asked = tokens.asked ?? request;
    const served = servedTarget(asked, tokens);
    const target = targetKey(served.target);
    const parts = { ...this.#config, ...silent };
    const user = await userOf(parts, tokens, request.signal);
    const { sub } = user;
    // A silent login must not give this tab another user. The server might have a session of another user.
    if (silent && request.user !== undefined && request.user !== sub) throw otherUser();
    const isSeen = !silent && tokens.asked?.prompt !== "none";
    if (!isSeen) await (await loadMore()).assertMayReturn(this.#config, sub);
    const next = silent ? await silent.tabOf(sub) : sub;
    // Only stored tokens have a number, the `generation`. Tokens with a `generation` are not stored a second time.
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
   * Stores the result of a login in the record (mark) of the login. If the access token has already expired and there is no
   * refresh token, keeps the access token for `takeOffered()`.
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

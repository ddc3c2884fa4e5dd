import type { GetTokenOptions } from "../../core/auth.ts";
import type { CallbackLedger } from "../../core/callback-ledger.ts";
import { CancelledError, isAuthError, NoTokenError } from "../../core/errors.ts";
import type { LoginMarks } from "../../core/login-marks.ts";
import type { Grant, TokenRequest } from "../../core/grant.ts";
import type { Clock, Page, TabLock } from "../../core/ports.ts";
import type { Refresher } from "../../core/refresher.ts";
import type { UserStore } from "../../core/session.ts";
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
import { passRevocations, type RevocationQueue } from "../logout/revocation.ts";
import { servedTarget, type LooseTarget, type ServedTarget } from "./served-target.ts";
import { isSilent, type SilentLogin } from "./silent-login.ts";

export interface LoginsConfig extends StoreLoginParts, RevocationQueue {
  /** Where authorization responses arrive; absolute. */
  readonly redirectUri: () => string;
  readonly page: Page;
  readonly locks: TabLock;
  readonly clock: Clock;
  readonly ledger: CallbackLedger;
  readonly marks: LoginMarks;
  readonly grant: Grant;
  readonly users: UserStore;
  readonly refresher: Pick<Refresher, "prepare">;
}

/**
 * All that signs somebody in, loaded with the first login. However often an authorization response is looked at, its code is
 * exchanged once and the result is the same.
 */
export class Logins {
  readonly automatic: AutomaticLogins;
  readonly responses: CallbackResponses;
  readonly #config: LoginsConfig;
  readonly #session: ActiveSession;
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

  /** Gives a token that expired on arrival once, while its user is signed in. */
  takeOffered(wanted: GetTokenOptions): string | undefined {
    const { sub = "", token, target } = this.#offered ?? {};
    const { user } = this.#session;
    const isTheirs = user?.sub === sub && (wanted.user ?? sub) === sub;
    if (!isTheirs || ![target, DEFAULT_TARGET].includes(targetKey(wanted))) return undefined;
    this.#offered = undefined;
    return token;
  }

  /**
   * Whether `error` says why nobody is signed in. That nobody is signed in at the server is what a silent login asks for, and
   * an automatic one that may not start changes nothing.
   */
  tellsWhy(error: unknown, roundTrip: RoundTrip, request: TokenRequest): boolean {
    return !isSilent(roundTrip, request) && !(request.mayChoose && error instanceof NoTokenError);
  }

  /** A token was given. */
  given({ user = this.#session.sub, ...target }: GetTokenOptions): void {
    this.automatic.given({ ...target, user });
  }

  /** Somebody who is signed in with a good token is given it. */
  follow(): void {
    const state = this.#session.state.get();
    if (state.status === "authenticated" && state.freshness === "fresh") this.given({});
  }

  /** `url`: of a page load that followed a login of this tab and has no response of this client. */
  cameBack(url: string): void {
    const { begun } = this.automatic;
    if (begun?.outcome !== "started") return;
    const what = whatCameBack(url, this.#config.redirectUri());
    this.automatic.settle("unrecognised", what, begun);
  }

  /** To the authorization endpoint and back. */
  async startLogin(roundTrip: RoundTrip, request: TokenRequest): Promise<User> {
    const { grant, users, userFetcher } = this.#config;
    // What is got now exists once.
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
        // Of an automatic login that did not leave the page.
        if (request.mayChoose && isResponded && automatic.begun) automatic.fail(error);
        throw error;
      }
      return await this.#signedInMeanwhile(before.row?.sessionId, error);
    }
  }

  /** Another tab that waited for the same person was faster. */
  async #signedInMeanwhile(sidBefore: string | undefined, reason: NoTokenError): Promise<User> {
    const { row } = await this.#config.users.getActive();
    if (row?.sessionId === sidBefore) throw reason;
    await this.#session.load("other-tab");
    if (!this.#session.user) throw reason;
    return this.#session.user;
  }

  /** What a grant gave without asking anybody. */
  async storeTokens(tokens: TokenSet, request: TokenRequest, options: StoreOptions): Promise<void> {
    const { storeGrantTokens } = await loadMore();
    const who = await storeGrantTokens(this.#config, tokens, request, storeLogin, options);
    // A tab that is for nobody takes whoever comes.
    if (this.#session.sub === undefined) await this.#session.pinUser(who);
  }

  async storeLogin(
    tokens: TokenSet,
    request: TokenRequest = {},
    silent?: SilentLogin,
  ): Promise<User> {
    const asked = tokens.asked ?? request;
    const served = servedTarget(asked, tokens);
    const target = targetKey(served.target);
    const parts = { ...this.#config, ...silent };
    const who = await userOf(parts, tokens, request.signal);
    const { sub } = who;
    const isSeen = !silent && tokens.asked?.prompt !== "none";
    if (!isSeen) await (await loadMore()).assertMayReturn(this.#config, sub);
    const next = silent ? await silent.tabOf(sub) : sub;
    // With a generation it is stored already: somebody who was here came back.
    if (tokens.generation === undefined)
      await storeLogin(parts, tokens, who, target, undefined, next);
    else await parts.users.putDefault(next);
    if (isSeen) await clearForgotten(this.#config.users, sub);
    if (next === sub) await this.#session.pinUser(sub);
    // The network is here now; when the token has run out it may not be.
    this.#config.refresher.prepare().catch(() => {});
    this.#settle(tokens, sub, { ...served, user: asked.user, asked });
    return who;
  }

  /** Remembers whether the login brought what it was for. A token that expired on arrival serves one call. */
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
    const lifetime = `its token was valid for ${Math.max(0, Math.round(lifetimeMs / 1000))} s`;
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

/** The session is stored, so a failure here is of no consequence for this login. */
async function clearForgotten(users: UserStore, sub: string): Promise<void> {
  await users
    .users()
    .then((remembered) => remembered.clearForgotten(sub))
    .catch(() => {});
}

import type { AnonymousReason, AuthenticatedReason } from "../../core/auth-state.ts";
import { PromiseQueue } from "../../core/promise-queue.ts";
import { PublishedState } from "../../core/published-state.ts";
import { userNeeded } from "../../core/refusal.ts";
import { storedTokens } from "../../core/session.ts";
import type { StoredUser } from "../../core/user-store.ts";
import type { TokenSet } from "../../core/token-set.ts";
import { DEFAULT_TARGET, type TargetKey } from "../../core/token-target.ts";
import type { User } from "../../core/user.ts";
import {
  cacheToken,
  conditionOf,
  followWall,
  isExpired,
  isFresh,
  isOf,
  type CachedToken,
} from "./cached-token.ts";
import { SessionReader, type FoundToken, type SessionReaderConfig } from "./session-reader.ts";
import { TokenEnd } from "./token-end.ts";
import { needsLogin, rememberedUser, stateOf, whyAnonymous } from "./session-state.ts";

/** The session of this tab's user, in memory: the cached token, the user and the published state. */
export class ActiveSession {
  readonly state: PublishedState;
  readonly tokenEnd: TokenEnd;
  readonly #config: SessionReaderConfig;
  readonly #reader: SessionReader;
  #sub: string | undefined;
  /** True while `#sub` has a live or expired session. False after a logout. */
  #isTaken = false;
  #user: User | undefined;
  /** The last signed-in user. The state `expired` shows this user, because the store has no user for an ended session. */
  #lastUser: User | undefined;
  #cached: CachedToken | undefined;
  /** Why no user is signed in. */
  #reason: AnonymousReason = "none";
  /** Runs the reads of the store one after the other, so an older result never replaces a newer result. */
  readonly #reads = new PromiseQueue();
  #logins = 0;

  constructor(config: SessionReaderConfig) {
    this.#config = config;
    this.#reader = new SessionReader(config);
    this.state = new PublishedState(config.clock);
    this.tokenEnd = new TokenEnd(config.clock, () => this.stale());
  }

  /** The `sub` of this tab's user, also after the session has ended. */
  get sub(): string | undefined {
    return this.#sub;
  }

  /** The signed-in user. */
  get user(): User | undefined {
    return this.#user;
  }

  /** The access token for the default target in memory. Undefined if it must be read from the store. */
  get cached(): CachedToken | undefined {
    return this.#cached;
  }

  /** Returns the cached token if the token is fresh. Reads only memory, so the call is fast. */
  goodToken(): Promise<string> | undefined {
    const cached = this.#cached;
    const { clock } = this.#config;
    if (!cached || isFresh(cached, clock)) return cached?.promise;
    if (!followWall(cached, clock)) return undefined;
    this.#publish();
    return this.goodToken();
  }

  /**
   * Drops the cached token, so the next `getToken()` call reads the store. `error`: the reason why the store could not be read.
   * If the state is still `loading`, `error` becomes `state.error`.
   */
  drop(error?: unknown): void {
    this.#cached = undefined;
    if (error && this.state.get().status === "loading") this.#publish(error, "none");
  }

  /**
   * Returns the stored token for `target`, even an expired token. `sub`: the user of the token. Default: this tab's user.
   * @throws NoTokenError the stored session has tokens of another user
   */
  async find(target: TargetKey, sub?: string): Promise<FoundToken | undefined> {
    const stored = await this.#read(sub);
    const found = await this.#reader.tokensOf(stored, target);
    if (!found) return undefined;
    const { tokens } = found;
    const isCached =
      found.target === DEFAULT_TARGET && stored.row && isOf(stored.row, this.#cached);
    const cached = isCached ? this.#cached : undefined;
    const condition = conditionOf(tokens, cached, this.#config.clock);
    return { tokens, condition };
  }

  /** Returns the stored ID token of this tab's user, also if the user must log in again. */
  async idToken(): Promise<string | undefined> {
    const { row } = await this.#read();
    return row && !row.end ? (await this.#reader.recordOf(row))?.idToken : undefined;
  }

  /** Reads the stored session of `sub`. Default: this tab's user. If this tab has no user, reads the store's active user. */
  #read(sub = this.#isTaken ? this.#sub : undefined): Promise<StoredUser> {
    return this.#reader.read(sub, sub === this.#sub);
  }

  /**
   * Reads the session from the store and publishes the state. Concurrent calls run one after the other. `error`: becomes
   * `state.error` if no user is signed in. `sub`: becomes this tab's user.
   */
  load(reason: AuthenticatedReason, error?: unknown, sub?: string): Promise<void> {
    return this.#reads.run(() => this.#load(reason, error, sub));
  }

  /** Makes `sub` this tab's user. The next `load()` publishes the change. */
  pinUser(sub: string): Promise<void> {
    return this.#reads.run(async () => {
      if (sub !== this.#sub) this.#cached = this.#user = undefined;
      this.#sub = sub;
      this.#isTaken = true;
      this.#config.users.pin(sub);
    });
  }

  /**
   * Called after the user `sub` logged in, logged out or was forgotten in another tab. If this tab has no user and `sub` has
   * logged in, `sub` becomes this tab's user.
   */
  onMessage(sub: string, what: string): Promise<void> {
    const hasEnded = () => sub === this.#sub && what !== "login";
    if (hasEnded()) this.drop();
    return this.#reads.run(async () => {
      // A read that began before the message might have cached the old token.
      if (hasEnded()) this.drop();
      if (sub !== this.#sub) {
        if (this.#isTaken || what !== "login") return;
        this.#config.users.pin(undefined);
      }
      try {
        await this.#load("other_tab");
      } catch (error) {
        if (hasEnded()) this.clear("logged_out_elsewhere");
        throw error;
      }
    });
  }

  /**
   * Publishes the state after a token refresh. Reads the store first, unless the tokens are for the default target and belong
   * to this tab's user.
   */
  publishRefreshed(tokens: TokenSet, target: TargetKey): Promise<void> {
    return this.#reads.run(async () => {
      const { user, generation } = tokens;
      const reason = tokens.origin === "other-tab" ? "other_tab" : "refreshed";
      const cached = this.#cached;
      const isSure = target === DEFAULT_TARGET && this.#user && user?.sub === this.#sub;
      if (!isSure || !cached || generation === undefined) return this.#load(reason);
      // A read of the store at the same time might have published this tab's new token as `stored`.
      const isMoreExact = cached.reason === "stored" && reason === "refreshed";
      if (isMoreExact ? cached.generation > generation : cached.generation >= generation) return;
      const session = { ...cached, reason, isRenewable: cached.summary.isRenewable } as const;
      this.#cached = cacheToken(tokens, session, this.#config.clock);
      const read = await this.#reader.readUser(user);
      this.#user = read.user;
      this.#publish(read.error);
    });
  }

  async #load(reason: AuthenticatedReason, error?: unknown, newUser?: string): Promise<void> {
    const { users, clock, grant, silentSignOn } = this.#config;
    const { sub, row } = await this.#read(newUser);
    const stored = row && !row.end ? await this.#reader.recordOf(row) : undefined;
    // A row that has tokens of another user is damaged, so the tokens are not used.
    const record = stored?.user.sub === sub ? stored : undefined;
    const end = row?.end?.reason;
    const isTaken = row !== undefined && end !== "logged_out";
    // If there is no row, the user was forgotten. With `pin("")`, this tab then has no user, not even the default user.
    if (isTaken) users.pin(sub);
    else if (!row && (sub ?? this.#sub)) users.pin("");
    this.#isTaken = isTaken;
    const hadUser = (sub ?? this.#sub) !== undefined;
    this.#reason = whyAnonymous(row, reason, { before: this.state.get(), hadUser });
    if (!row || !isOf(row, this.#cached)) {
      const tokens = row && record && storedTokens(row, record, DEFAULT_TARGET);
      const hasFrame = typeof silentSignOn === "object";
      const isRenewable = row?.renewable || grant.isSilent !== false || hasFrame;
      this.#cached =
        tokens && cacheToken(tokens, { sessionId: row.sessionId, reason, isRenewable }, clock);
    }
    // Only a login can get new tokens. The cached token is still returned until it expires.
    const isOld = !this.#cached || isExpired(this.#cached, clock);
    const needed = row && record && isOld ? userNeeded(row) : undefined;
    this.#sub = row && sub;
    const { user, error: refused } = await this.#reader.readUser(record?.user);
    this.#user = needed ? undefined : user;
    this.#lastUser = user ?? (row && this.#lastUser);
    const isKnown = this.#lastUser?.sub === sub;
    const lastUser = isKnown ? this.#lastUser : rememberedUser(sub, row);
    // During a login, a change in another tab does not replace the state `authenticating`.
    if (this.#logins > 0 && !this.#user) return;
    const why = needed ? "user_needed" : end;
    if (!why || why === "logged_out") return this.#publish(error ?? refused);
    // The details for the error: the server's refusal, or the invalid claim of the ID token.
    this.state.set(needsLogin(why, lastUser, needed ?? (row!.end!.claim ? row!.end! : undefined)));
  }

  /** Drops the cached token and the user after a logout. Does not read the store. */
  clear(reason: AnonymousReason = "logged_out"): void {
    this.#cached = undefined;
    this.#user = undefined;
    this.#reason = reason;
    if (this.#logins > 0) this.state.set({ status: "authenticating" });
    else this.#publish();
  }

  /**
   * Runs `login` and then publishes the stored state. During the login, the state is `authenticating`, unless a user is signed
   * in. `tellsWhy`: returns true if an error of `login` becomes `state.error`.
   */
  async trackLogin<T>(
    login: () => Promise<T>,
    tellsWhy: (error: unknown) => boolean = () => true,
  ): Promise<T> {
    this.#logins++;
    const before = this.state.get();
    const known = before.status === "anonymous" ? before.error : undefined;
    if (!this.#user) this.state.set({ status: "authenticating" });
    try {
      const result = await login().finally(() => this.#logins--);
      await this.load("login");
      return result;
    } catch (error) {
      const reason = tellsWhy(error) ? error : known;
      await this.load("stored", reason).catch(() => this.#publish(reason));
      throw error;
    }
  }

  /** Publishes the state again, with the freshness `stale` if the token has expired. */
  stale(): void {
    if (this.#user && this.#cached) this.#publish();
  }

  #publish(
    error?: unknown,
    reason: AnonymousReason = error === undefined ? this.#reason : "login_failed",
  ): void {
    const { clock } = this.#config;
    if (this.#cached) followWall(this.#cached, clock);
    const state = stateOf(this.#user, this.#cached, clock, { reason, error });
    if (state.status === "expired") this.#user = undefined;
    this.state.set(state);
    this.tokenEnd.watch(this.#cached);
  }
}

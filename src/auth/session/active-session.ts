import type { AuthState, TokenSummary } from "../../core/auth.ts";
import { RefreshTokenError } from "../../core/errors.ts";
import { userNeeded } from "../../core/refusal.ts";
import { findAccess, storedTokens, type StoredUser } from "../../core/session.ts";
import type { TokenSet } from "../../core/token-set.ts";
import { DEFAULT_TARGET, type TargetKey } from "../../core/token-target.ts";
import type { User } from "../../core/user.ts";
import {
  cacheToken,
  conditionOf,
  followWall,
  isExpired,
  isFresh,
  stateOf,
  type CachedToken,
  type TokenCondition,
} from "./cached-token.ts";
import { observable, type Observable } from "./observable.ts";
import { otherUser, SessionReader, type SessionReaderConfig } from "./session-reader.ts";

export type ActiveSessionConfig = SessionReaderConfig;

/** A token from the store. */
export interface FoundToken {
  readonly tokens: TokenSet;
  readonly condition: TokenCondition;
}

/** This tab's view of the active person's stored session: the token at hand and the published state. */
export class ActiveSession {
  readonly state: Observable<AuthState> = observable<AuthState>({ status: "loading" });
  readonly #config: ActiveSessionConfig;
  readonly #reader: SessionReader;
  #sub: string | undefined;
  /** `#sub` has a session here, or had one that needs them: this tab is for nobody else. */
  #isTaken = false;
  #user: User | undefined;
  /** For `expired`: an ended session has no tokens, and so nobody's name. */
  #lastUser: User | undefined;
  #cached: CachedToken | undefined;
  #loading: Promise<void> = Promise.resolve();
  #logins = 0;

  constructor(config: ActiveSessionConfig) {
    this.#config = config;
    this.#reader = new SessionReader(config);
  }

  get sub(): string | undefined {
    return this.#sub;
  }

  /** Undefined when nobody is signed in, or the session ended. */
  get user(): User | undefined {
    return this.#user;
  }

  /** The hot path: no storage, no lock, no channel. */
  goodToken(): Promise<string> | undefined {
    const cached = this.#cached;
    const { clock } = this.#config;
    if (!cached || isFresh(cached, clock)) return cached?.promise;
    if (!followWall(cached, clock)) return undefined;
    this.#publish();
    return this.goodToken();
  }

  /** The session may have ended: no token is given before the store was read. `error`: why it could not be. */
  drop(error?: unknown): void {
    this.#cached = undefined;
    if (error && this.state.get().status === "loading") this.#publish(error);
  }

  /**
   * The stored token for `target`, expired or not: of the user `sub`, or of this tab's user.
   * @throws NoTokenError the row holds tokens of another user
   */
  async find(target: TargetKey, sub?: string): Promise<FoundToken | undefined> {
    const { sub: owner, row } = await this.#read(sub);
    // An ended session has no access tokens.
    const key = row && findAccess(row, target, () => true);
    if (!row || key === undefined) return undefined;
    const record = await this.#reader.recordOf(row);
    if (record && record.user.sub !== owner) throw otherUser();
    const tokens = record && storedTokens(row, record, key);
    if (!tokens) return undefined;
    const cached = this.#cached;
    const isCached =
      key === DEFAULT_TARGET &&
      cached?.sessionId === row.sessionId &&
      cached.generation === tokens.generation;
    const { clock } = this.#config;
    return { tokens, condition: conditionOf(tokens, isCached ? cached : undefined, clock) };
  }

  /** A tab that belongs to a user stays with that user, whatever other users do in other tabs. */
  #read(sub = this.#isTaken ? this.#sub : undefined): Promise<StoredUser> {
    return this.#reader.read(sub, sub === this.#sub);
  }

  /**
   * Reads the store and publishes what it says, one after the other, so that the last word is the newest.
   * `error`: why nobody is signed in, if nobody is. `sub`: whom this tab is for from now on; when it fails, it is as before.
   */
  load(origin: TokenSummary["origin"], error?: unknown, sub?: string): Promise<void> {
    return this.#inTurn(() => this.#load(origin, error, sub));
  }

  /** From now on this tab is for `sub`; what it shows until the next `load()` is as before. */
  pinUser(sub: string): Promise<void> {
    return this.#inTurn(async () => {
      if (sub !== this.#sub) this.#cached = this.#user = undefined;
      this.#sub = sub;
      this.#isTaken = true;
      this.#config.users.pin(sub);
    });
  }

  /** Somebody signed in or out in another tab. Another person's login is of use only to a tab that is for nobody: it takes them. */
  onMessage(sub: string, what: string): Promise<void> {
    const isOver = () => sub === this.#sub && what !== "login";
    if (isOver()) this.drop();
    return this.#inTurn(async () => {
      // A read that began before may have brought it back.
      if (isOver()) this.drop();
      if (sub !== this.#sub) {
        if (this.#isTaken || what !== "login") return;
        this.#config.users.pin(undefined);
      }
      try {
        await this.#load("other-tab");
      } catch (error) {
        if (isOver()) this.clear();
        throw error;
      }
    });
  }

  /** Publishes what a refresh brought, without another look into the store where that is sure. */
  publishRefreshed(tokens: TokenSet, target: TargetKey): Promise<void> {
    return this.#inTurn(async () => {
      const { user, generation, origin = "this-tab" } = tokens;
      const cached = this.#cached;
      const isSure = target === DEFAULT_TARGET && this.#user && user?.sub === this.#sub;
      if (!isSure || !cached || generation === undefined) return this.#load(origin);
      if (cached.generation >= generation) return;
      this.#cached = cacheToken(tokens, cached.sessionId, origin, this.#config.clock);
      this.#user = user;
      this.#publish();
    });
  }

  #inTurn(step: () => Promise<void>): Promise<void> {
    const turn = this.#loading.then(step);
    this.#loading = turn.catch(() => {});
    return turn;
  }

  /** The wall says that the token at hand is over: only whoever refreshes may know a newer one. */
  isExpired(): boolean {
    return this.#cached !== undefined && this.#cached.expiresAt <= this.#config.clock.now();
  }

  /** What is published is of this generation, or a newer one. */
  hasGeneration(sessionId: string, generation: number): boolean {
    return this.#cached?.sessionId === sessionId && this.#cached.generation >= generation;
  }

  async #load(origin: TokenSummary["origin"], error?: unknown, whom?: string): Promise<void> {
    const { users, clock } = this.#config;
    const { sub, row } = await this.#read(whom);
    const stored = row && !row.end ? await this.#reader.recordOf(row) : undefined;
    // A row that has another person's tokens is damaged.
    const record = stored?.user.sub === sub ? stored : undefined;
    const end = row?.end?.reason;
    const isTaken = row !== undefined && end !== "logged_out";
    // Who is forgotten is nobody's default any more, and this tab does not take who is instead.
    if (isTaken) users.pin(sub);
    else if (!row && (sub ?? this.#sub)) users.pin("");
    this.#isTaken = isTaken;
    const before = this.#cached;
    const known =
      row &&
      before?.sessionId === row.sessionId &&
      before.generation === row.access[DEFAULT_TARGET]?.generation;
    const tokens = row && record && storedTokens(row, record, DEFAULT_TARGET);
    this.#cached = known ? before : tokens && cacheToken(tokens, row.sessionId, origin, clock);
    const refusal = record && userNeeded(row!);
    // Until then the token is still given.
    const needed =
      refusal && (!this.#cached || isExpired(this.#cached, clock)) ? refusal : undefined;
    this.#sub = row && sub;
    this.#user = needed ? undefined : record?.user;
    this.#lastUser = record?.user ?? (row && this.#lastUser);
    const lastUser = this.#lastUser?.sub === sub ? this.#lastUser : undefined;
    // News of other tabs do not end a login of this one.
    if (this.#logins > 0 && !this.#user) return;
    const reason = needed ? "user_needed" : end;
    if (!reason || reason === "logged_out") return this.#publish(error);
    // The server's words, or the claim that is wrong.
    const facts = needed ?? (row!.end!.claim && row!.end!);
    this.state.set({
      status: "expired",
      reason,
      ...(lastUser && { user: lastUser }),
      ...(facts && { error: new RefreshTokenError(reason, facts) }),
    });
  }

  /** Signed out: nothing is given any more, whether the store can be read again or not. */
  clear(): void {
    this.#cached = undefined;
    this.#user = undefined;
    this.state.set({ status: this.#logins > 0 ? "authenticating" : "anonymous" });
  }

  /**
   * Publishes that a login is under way until `login` settles, unless somebody is signed in, and then what the store says.
   * When that cannot be had, what was known before. `tellsWhy`: whether an error says why nobody is signed in here.
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
      await this.load("this-tab");
      return result;
    } catch (error) {
      const reason = tellsWhy(error) ? error : known;
      await this.load("stored", reason).catch(() => this.#publish(reason));
      throw error;
    }
  }

  /** Publishes that the token has expired, when it has, and changes nothing else. */
  stale(): void {
    if (this.#user && this.#cached) this.#publish();
  }

  #publish(error?: unknown): void {
    if (this.#cached) followWall(this.#cached, this.#config.clock);
    this.state.set(stateOf(this.#user, this.#cached, this.#config.clock, error));
  }
}

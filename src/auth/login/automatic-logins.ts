import { CancelledError, isAuthError, type NoTokenError } from "../../core/errors.ts";
import type { LoginMark, LoginMarks, LoginResult } from "../../core/login-marks.ts";
import type { Clock } from "../../core/ports.ts";
import type { RoundTrip } from "../../core/user-agent.ts";
import { targetKey, type TokenTarget } from "../../core/token-target.ts";
import { recordOf } from "./error-record.ts";
import { isLostCode, noLogin, noMemory, wordsOf } from "./login-failure.ts";
import { isSame, REASONS, TOO_MANY, TabMarks, type LoginTab } from "./tab-marks.ts";

/** The shortest time between the starts of two automatic logins for the same user and target. Milliseconds. */
const SPACING_MS = 60_000;
/** The largest number of automatic logins that one tab starts within 30 minutes. */
const MOST = 6;

/** The user and the target of a login. The target is the scope, resource and audience of the requested token. */
export type LoginSubject = {
  readonly [name in keyof TokenTarget]: TokenTarget[name] | undefined;
} & {
  readonly user?: string | undefined;
};

/**
 * Prevents endless automatic logins in this tab. An automatic login is a login that the user did not request.
 * - Each automatic login stores a mark. A mark is a small record that later pages of this tab can read.
 * - If a login has failed or has not ended, its mark prevents other automatic logins.
 * - If a login has succeeded, its mark limits how soon (`SPACING_MS`) and how often (`MOST`) automatic logins start.
 */
export class AutomaticLogins {
  readonly #clock: Clock;
  readonly #marks: TabMarks;
  readonly #tab: LoginTab;
  readonly #session: { readonly sub: string | undefined };
  /** The times (`at`) of logouts after which an automatic login has already been tried. `refusal()` forbids a second try. */
  readonly #refused = new Set<number>();
  /** The last error of a login in this page. `at`: the time of the error, in milliseconds since the epoch. */
  #failure: { readonly error: unknown; readonly at: number } | undefined;

  constructor(
    config: { readonly marks: LoginMarks; readonly clock: Clock },
    tab: LoginTab,
    session: { readonly sub: string | undefined },
  ) {
    this.#clock = config.clock;
    this.#marks = new TabMarks(config, tab);
    this.#session = session;
    this.#tab = tab;
  }

  /**
   * Returns undefined if an automatic login is allowed to start. Otherwise returns the error for the caller of `getToken()`.
   *
   * After a logout, one automatic login is still allowed to start, because the grant might show an account picker in this page.
   * If the grant navigates instead, the round trip from `guarded()` rejects.
   * @param error `state.error` of this page, if no user is signed in
   */
  refusal(subject: LoginSubject, error: unknown): NoTokenError | undefined {
    if (error !== undefined && !this.#isForgiven(error)) {
      return noLogin(REASONS.failed, wordsOf(error), error);
    }
    return this.#refusal(
      subject,
      ({ outcome, at }) => outcome !== "logged_out" || this.#refused.has(at),
    );
  }

  /**
   * `roundTrip` is one visit to the authorization endpoint. Returns a copy that stores a mark (record) if the visit is
   * cancelled.
   */
  watched(roundTrip: RoundTrip, subject: LoginSubject): RoundTrip {
    const { redirectUri, prompt } = roundTrip;
    return {
      redirectUri,
      ...(prompt && { prompt }),
      navigate: async (url) => {
        try {
          return await roundTrip.navigate(url);
        } catch (error) {
          this.#failure = { error, at: this.#clock.now() };
          if (error instanceof CancelledError) this.settle("cancelled", wordsOf(error), subject);
          else if (!isAuthError(error)) this.settle("failed", undefined, subject);
          throw error;
        }
      },
      close: () => roundTrip.close(),
    };
  }

  /**
   * Returns the round trip for an automatic login. If a mark (record) of an earlier login or logout forbids the login,
   * `navigate()` rejects. Otherwise `navigate()` stores a mark of this login.
   */
  guarded(roundTrip: RoundTrip, subject: LoginSubject): RoundTrip {
    const watched = this.watched(roundTrip, subject);
    const assertMayNavigate = () => {
      const refusal = this.#refusal(subject, () => true);
      if (refusal) throw refusal;
      roundTrip.assertMayNavigate?.();
    };
    return {
      ...watched,
      assertMayNavigate,
      navigate: async (url) => {
        assertMayNavigate();
        const started = this.#mark("started", undefined, subject);
        if (!this.#marks.write([...this.#marks.current(), started])) throw noMemory();
        return watched.navigate(url);
      },
    };
  }

  /**
   * Stores the result of a login in the mark (record) of that login. If there is no mark, stores a new mark, unless the login
   * succeeded (`given`).
   */
  settle(outcome: LoginResult, detail: string | undefined, subject: LoginSubject): void {
    const { begun } = this;
    const all = this.#marks.recent();
    const settled = this.#mark(outcome, detail, subject);
    if (begun) {
      const { at, detail: _, ...rest } = begun;
      const { detail: words, at: now } = settled;
      const next = { ...rest, outcome, ...(words !== undefined && { detail: words }) };
      // A click after the time `at` ends the mark. The click that cancelled this login must not end the mark, so `at` becomes
      // the current time.
      const since = outcome === "cancelled" ? now : at;
      this.#marks.write([...all.filter((mark) => !isSame(mark, begun)), { ...next, at: since }]);
    } else if (outcome !== "given") this.#marks.write([...all, settled]);
  }

  /**
   * Called when the app has received a token for this user and target. Deletes the marks (records) of failed logins for the
   * same user and target. Changes the outcome `started` to `given`.
   */
  given({ user, ...target }: LoginSubject): void {
    const key = targetKey(target);
    const isTheirs = (mark: LoginMark) => mark.target === key && (mark.user ?? user) === user;
    const next = this.#marks
      .recent()
      .map((mark) =>
        isTheirs(mark) && mark.outcome === "started"
          ? { ...mark, outcome: "given" as const }
          : mark,
      );
    this.#marks.write(
      next.filter(
        (mark) => !isTheirs(mark) || /^(given|logged_out|arriving|silent)$/.test(mark.outcome),
      ),
    );
  }

  /** Called after `user` has logged in in another tab. Deletes the marks (records) of this user's logouts. */
  loggedIn(user: string): void {
    this.#marks.drop((mark) => mark.outcome === "logged_out" && mark.user === user);
  }

  /** Called when the user has requested a login. Deletes all marks (records of logins and logouts). */
  forget(): void {
    this.#marks.drop(() => true);
  }

  /** Called when an authorization response has failed. Stores the failure in a mark, the record of the login. */
  fail(error: unknown): void {
    this.#failure = { error, at: this.#clock.now() };
    // If the code exchange failed because of a temporary problem, the next automatic login is not prevented.
    if (this.begun || !isLostCode(error)) this.settle("failed", wordsOf(error), {});
  }

  /**
   * Returns true once in this tab: the page may then ask the server whether a user is signed in there. Stores a mark, so that
   * later pages of this tab do not ask again.
   */
  mayTrySilently(): boolean {
    const marks = this.#marks.recent();
    if (marks.some(({ outcome }) => outcome === "silent")) return false;
    return this.#marks.write([...marks, this.#mark("silent", undefined, {})]);
  }

  /** Called before this page is replaced after a login. Stores the error of a failed login for the next page. */
  leave(error: unknown): void {
    const mark = this.#mark("arriving", undefined, {});
    const record = isAuthError(error) ? { error: recordOf(error) } : {};
    this.#marks.write([...this.#marks.recent(), { ...mark, ...record }]);
  }

  /** Returns and deletes the mark of a login after which the last page was replaced by this page. */
  arrive(): LoginMark | undefined {
    const arrived = this.#marks.recent().filter(({ outcome }) => outcome === "arriving");
    if (arrived.length > 0) this.#marks.drop(({ outcome }) => outcome === "arriving");
    return arrived.at(-1);
  }

  /** The mark (stored record) of this tab's latest login, if a response to that login can still arrive. */
  get begun(): LoginMark | undefined {
    return this.#marks
      .recent()
      .filter(({ outcome }) => ["started", "unrecognised", "cancelled"].includes(outcome))
      .at(-1);
  }

  /**
   * Returns true if an automatic login is allowed although an authorization response in this page failed with `error`. This is
   * so in two cases:
   * - The code exchange failed because of a temporary problem.
   * - A user has clicked or pressed a key on the page since the failure or the cancellation.
   */
  #isForgiven(error: unknown): boolean {
    const failure = this.#failure;
    if (!failure || failure.error !== error) return false;
    return isLostCode(error) || this.#tab.activatedAt > failure.at;
  }

  #refusal(subject: LoginSubject, matters: (mark: LoginMark) => boolean): NoTokenError | undefined {
    const now = this.#clock.now();
    const current = this.#marks.current();
    const concerned = current.filter(
      (mark) => !/^(given|arriving|silent)$/.test(mark.outcome) && this.#concerns(mark, subject),
    );
    const blocking = concerned.filter(matters).at(-1);
    if (blocking) return this.#explain(blocking);
    const given = current.filter(({ outcome }) => outcome === "given");
    const recent = given.filter((mark) => isFor(mark, subject) && now - mark.at < SPACING_MS);
    const limiting = recent.at(-1) ?? given.at(MOST - 1);
    // If `concerned` is not empty here, it contains only logouts. The grant might show an account picker, so the limits do not
    // apply.
    if (limiting && concerned.length === 0)
      return noLogin(recent.length > 0 ? REASONS.given : TOO_MANY, limiting.detail);
    return this.#marks.write(current) ? undefined : noMemory();
  }

  /** Returns true if the mark can prevent the login. The mark of a logout can prevent only logins of the same user. */
  #concerns({ outcome, user }: LoginMark, subject: LoginSubject): boolean {
    return outcome !== "logged_out" || (subject.user ?? this.#session.sub ?? user) === user;
  }

  #explain({ outcome, at, detail }: LoginMark): NoTokenError {
    if (outcome === "logged_out") this.#refused.add(at);
    const cause = outcome === "failed" ? this.#failure?.error : undefined;
    return noLogin(REASONS[outcome], detail, cause);
  }

  #mark(
    outcome: LoginResult,
    detail: string | undefined,
    { user, ...target }: LoginSubject,
  ): LoginMark {
    return {
      ...(user !== undefined && { user }),
      target: targetKey(target),
      at: this.#clock.now(),
      outcome,
      ...(detail !== undefined && { detail }),
    };
  }
}

function isFor({ user, target }: LoginMark, { user: sub, ...requested }: LoginSubject): boolean {
  return user === sub && target === targetKey(requested);
}

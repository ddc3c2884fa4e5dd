import { CancelledError, NoTokenError } from "../../core/errors.ts";
import type { LoginMark, LoginMarks, LoginResult } from "../../core/login-marks.ts";
import type { Clock } from "../../core/ports.ts";
import type { RoundTrip } from "../../core/user-agent.ts";
import { targetKey, type TokenTarget } from "../../core/token-target.ts";
import { isLostCode, wordsOf } from "./login-failure.ts";
import { isSame, REASONS, TabMarks, type LoginTab } from "./tab-marks.ts";

/**
 * The minimum time between the starts of two automatic logins for the same user and target. This minimum applies even if the
 * first login succeeded. Milliseconds.
 */
const SPACING_MS = 60_000;
/** One tab starts at most this many automatic logins within 30 minutes, even if all of them succeed. */
const MOST = 6;

/** The user and the target of a login. The target is the scope, resource and audience of the requested token. */
export type LoginSubject = {
  readonly [name in keyof TokenTarget]: TokenTarget[name] | undefined;
} & {
  readonly user?: string | undefined;
};

/**
 * Prevents endless automatic logins in this tab. An automatic login is a login that no user requested.
 * - Each automatic login writes a mark. A mark is a small record that later pages of this tab can read.
 * - While a tab has such a mark, no other automatic login starts in the tab.
 * - A mark stops blocking when the app has received the token of its login. From then on, the mark only limits how soon
 *   (`SPACING_MS`) and how often (`MOST`) automatic logins start.
 */
export class AutomaticLogins {
  readonly #clock: Clock;
  readonly #marks: TabMarks;
  readonly #tab: LoginTab;
  readonly #session: { readonly sub: string | undefined };
  /**
   * The times (`at`) of the logout marks that have already stopped an automatic login. While such a mark is valid, `refusal()`
   * returns an error, so the grant is not called again.
   */
  readonly #refused = new Set<number>();
  /** The error of the last authorization response that failed in this page, and the time of the failure. */
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
   * Returns an error if no automatic login is allowed to start, or else undefined.
   *
   * If only the mark of a logout forbids the login, the grant is called once all the same. The grant might ask the user in this
   * page, for example with a picker. If the grant navigates without asking, the wrapper from `guarded()` rejects.
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
   * Wraps `roundTrip`, which is one visit of a login to the authorization endpoint. If the login is cancelled, the wrapper
   * writes a mark.
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
          if (error instanceof CancelledError) this.settle("cancelled", wordsOf(error), subject);
          throw error;
        }
      },
      close: () => roundTrip.close(),
    };
  }

  /**
   * Wraps the round trip of an automatic login. If a mark forbids the login, the wrapper rejects. Otherwise the wrapper writes
   * the login's own mark and then navigates.
   */
  guarded(roundTrip: RoundTrip, subject: LoginSubject): RoundTrip {
    const watched = this.watched(roundTrip, subject);
    const assertMayNavigate = () => {
      const refusal = this.#refusal(subject, () => true);
      if (refusal) throw refusal;
    };
    return {
      ...watched,
      assertMayNavigate,
      navigate: async (url) => {
        assertMayNavigate();
        if (
          !this.#marks.write([...this.#marks.current(), this.#mark("started", undefined, subject)])
        )
          throw noMemory();
        return watched.navigate(url);
      },
    };
  }

  /**
   * Writes the result of a login into the mark of that login. If the login has no mark, writes a new mark for the user and
   * target in `subject`, unless `outcome` is `given`.
   */
  settle(outcome: LoginResult, detail: string | undefined, subject: LoginSubject): void {
    const { begun } = this;
    const all = this.#marks.recent();
    const settled = this.#mark(outcome, detail, subject);
    if (begun) {
      const { at, detail: _, ...rest } = begun;
      const { detail: words, at: now } = settled;
      const next = { ...rest, outcome, ...(words !== undefined && { detail: words }) };
      // A mark ends when the user clicks or presses a key after the time `at`. The user might have cancelled this login with a
      // click, and that click must not end the mark. Therefore `at` becomes the current time.
      const since = outcome === "cancelled" ? now : at;
      this.#marks.write([...all.filter((mark) => !isSame(mark, begun)), { ...next, at: since }]);
    } else if (outcome !== "given") this.#marks.write([...all, settled]);
  }

  /**
   * Called when a token was returned to the app. Deletes the marks of earlier logins for this user and target. Keeps the marks
   * of logouts and the marks with the outcome `given`.
   *
   * If a mark has the outcome `started`, changes the outcome to `given` and keeps the mark. Such a mark can exist if the page
   * has two `AuthManager`s: one of them has started the login, and the other one returns the token before the first one writes
   * the result.
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
        (mark) => !isTheirs(mark) || mark.outcome === "given" || mark.outcome === "logged_out",
      ),
    );
  }

  /** Called after a login of `user` in another tab. Deletes the marks of this user's logouts. */
  loggedIn(user: string): void {
    this.#marks.drop((mark) => mark.outcome === "logged_out" && mark.user === user);
  }

  /** Called when a user has requested a login. Deletes all marks. */
  forget(): void {
    this.#marks.drop(() => true);
  }

  /** Called when an authorization response has failed. Writes the failure into a mark, a stored record of a login. */
  fail(error: unknown): void {
    this.#failure = { error, at: this.#clock.now() };
    // Updates the mark of the login, or writes a new one. A code exchange that failed because of a temporary problem gets no new
    // mark, because the next login can succeed.
    if (this.begun || !isLostCode(error)) this.settle("failed", wordsOf(error), {});
  }

  /** The mark of this tab's latest login, if a response to that login can still arrive. */
  get begun(): LoginMark | undefined {
    return this.#marks
      .recent()
      .filter(({ outcome }) => ["started", "unrecognised", "cancelled"].includes(outcome))
      .at(-1);
  }

  /**
   * `error` is the error of an authorization response. Returns true if the response failed in this page, but the error does not
   * prevent an automatic login. There are two such cases:
   * - The code exchange failed because of a temporary problem.
   * - A user has clicked or pressed a key on the page since the failure.
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
      (mark) => mark.outcome !== "given" && this.#concerns(mark, subject),
    );
    const blocking = concerned.filter(matters).at(-1);
    if (blocking) return this.#explain(blocking);
    const given = current.filter(({ outcome }) => outcome === "given");
    const recent = given.filter((mark) => isFor(mark, subject) && now - mark.at < SPACING_MS);
    const limiting = recent.at(-1) ?? given.at(MOST - 1);
    // If `concerned` is not empty here, it contains only marks of logouts. The grant is then called once, because the grant
    // might ask the user. The limits (`SPACING_MS` and `MOST`) are not checked in this case. `guarded()` checks the marks again
    // before the grant navigates.
    if (limiting && concerned.length === 0) return this.#explain(limiting);
    return this.#marks.write(current) ? undefined : noMemory();
  }

  /**
   * Returns true if the mark can prevent the login. The mark of a logout can only prevent logins of the user who logged out.
   */
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

function noLogin(reason: string, detail?: string, cause?: unknown): NoTokenError {
  const words = detail === undefined ? "" : `: ${detail}`;
  return new NoTokenError(`no automatic login starts, because ${reason}${words}`, cause);
}

function noMemory(): NoTokenError {
  return noLogin("sessionStorage cannot be written");
}

function isFor({ user, target }: LoginMark, { user: sub, ...requested }: LoginSubject): boolean {
  return user === sub && target === targetKey(requested);
}

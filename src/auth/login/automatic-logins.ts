import { CancelledError, NoTokenError } from "../../core/errors.ts";
import type { LoginMark, LoginMarks, LoginResult } from "../../core/login-marks.ts";
import type { Clock } from "../../core/ports.ts";
import type { RoundTrip } from "../../core/user-agent.ts";
import { targetKey, type TokenTarget } from "../../core/token-target.ts";
import { isLostCode, wordsOf } from "./login-failure.ts";
import { isSame, REASONS, TabMarks, type LoginTab } from "./tab-marks.ts";

/** The shortest time between two automatic logins for one user and target, even if the first one succeeded. Milliseconds. */
const SPACING_MS = 60_000;
/** The largest number of automatic logins of one tab within 30 minutes, even if all of them succeed. */
const MOST = 6;

/** The user and the target of a login. */
export type LoginSubject = {
  readonly [name in keyof TokenTarget]: TokenTarget[name] | undefined;
} & {
  readonly user?: string | undefined;
};

/**
 * Keeps this tab from starting automatic logins in a circle. An automatic login is a login that no user requested. It leaves a
 * mark, which later pages of the tab find. No second automatic login starts while the mark exists.
 */
export class AutomaticLogins {
  readonly #clock: Clock;
  readonly #marks: TabMarks;
  readonly #tab: LoginTab;
  readonly #session: { readonly sub: string | undefined };
  /** The times of the logouts after which the grant tried to navigate to the login page without asking the user. */
  readonly #refused = new Set<number>();
  /** The last response of this page that failed. */
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
   * Returns why no automatic login may start. After a logout the grant is called once all the same, because it may ask the user
   * in the page, such as with a picker. `error`: why no user is signed in on this page.
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

  /** Returns `roundTrip` for a login that a user requested. Writes a mark when the login is cancelled. */
  watched(roundTrip: RoundTrip, subject: LoginSubject): RoundTrip {
    const { redirectUri, prompt } = roundTrip;
    return {
      redirectUri,
      ...(prompt && { prompt }),
      navigate: async (url) => {
        try {
          return await roundTrip.navigate(url);
        } catch (error) {
          if (error instanceof CancelledError) this.settle("cancelled", error.message, subject);
          throw error;
        }
      },
      close: () => roundTrip.close(),
    };
  }

  /** Returns `roundTrip` for an automatic login. It navigates only if no mark forbids it, and writes its own mark before. */
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

  /** Writes the result of a login into its mark. `subject`: the login, if it has no mark yet. */
  settle(outcome: LoginResult, detail: string | undefined, subject: LoginSubject): void {
    const { begun } = this;
    const all = this.#marks.recent();
    const settled = this.#mark(outcome, detail, subject);
    if (begun) {
      const { at, detail: _, ...rest } = begun;
      const { detail: words, at: now } = settled;
      const next = { ...rest, outcome, ...(words !== undefined && { detail: words }) };
      // A user acts on the page to stop a login, and that act must not end its mark.
      const since = outcome === "cancelled" ? now : at;
      this.#marks.write([...all.filter((mark) => !isSame(mark, begun)), { ...next, at: since }]);
    } else if (outcome !== "given") this.#marks.write([...all, settled]);
  }

  /**
   * A token was returned, so the marks of its earlier logins are deleted. The marks of logouts stay. A mark `started` becomes
   * `given`, because another manager of this tab may publish the token before this one writes the result.
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

  /** `user` has logged in in another tab. */
  loggedIn(user: string): void {
    this.#marks.drop((mark) => mark.outcome === "logged_out" && mark.user === user);
  }

  /** A user has requested a login. */
  forget(): void {
    this.#marks.drop(() => true);
  }

  /** A response has failed. */
  fail(error: unknown): void {
    this.#failure = { error, at: this.#clock.now() };
    // A lost code says nothing about the next login.
    if (this.begun || !isLostCode(error)) this.settle("failed", wordsOf(error), {});
  }

  /** The mark of the latest login of this tab that has started and may still get a response. */
  get begun(): LoginMark | undefined {
    return this.#marks
      .recent()
      .filter(({ outcome }) => ["started", "unrecognised", "cancelled"].includes(outcome))
      .at(-1);
  }

  /** Whether a login may start although a response of this page has failed with `error`. */
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
    // A logout that does not forbid the login yet does so before the login navigates. The limits are checked then, too.
    if (limiting && concerned.length === 0) return this.#explain(limiting);
    return this.#marks.write(current) ? undefined : noMemory();
  }

  /** Whether the mark concerns the login. The mark of a logout concerns only its user. */
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

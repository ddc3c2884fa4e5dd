import { CancelledError, NoTokenError } from "../../core/errors.ts";
import type { LoginMark, LoginMarks, LoginResult } from "../../core/login-marks.ts";
import type { Clock } from "../../core/ports.ts";
import type { RoundTrip } from "../../core/user-agent.ts";
import { targetKey, type TokenTarget } from "../../core/token-target.ts";
import { isLostCode, wordsOf } from "./login-failure.ts";
import { isSame, REASONS, TabMarks, type LoginTab } from "./tab-marks.ts";

/** Between two automatic logins for the same user and target, even when the token of the first was given. Milliseconds. */
const SPACING_MS = 60_000;
/** Automatic logins of one tab in `MARK_LIFETIME_MS`, even when the token of each was given. */
const MOST = 6;
/** For whom, and for which token, a login is. */
export type LoginSubject = {
  readonly [name in keyof TokenTarget]: TokenTarget[name] | undefined;
} & {
  readonly user?: string | undefined;
};

/**
 * Keeps this tab from logging in by itself again and again. An automatic login is one that no user asked for. It leaves a
 * mark, which later pages of the tab find, and no second one starts while the mark stands.
 */
export class AutomaticLogins {
  readonly #clock: Clock;
  readonly #marks: TabMarks;
  readonly #tab: LoginTab;
  readonly #session: { readonly sub: string | undefined };
  /** Logouts, by their time, after which the grant went straight to the login page. */
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
   * Why no automatic login may start. After a logout a grant may still ask the user in the page, such as with the account
   * picker. Whether it does is known when it was asked once. `error`: why nobody is signed in on this page.
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

  /** `roundTrip` for a login that a user asked for. */
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

  /** `roundTrip` for an automatic login: it starts only when nothing speaks against it, and leaves its mark before that. */
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

  /** Writes how a login ended. `subject`: whom and what it was for, where no mark says so. */
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
   * A token was given: what the logins for it came to does not matter any more. A logout still does, and a login that started
   * counts, although another manager of this tab may publish its token before this one settles its mark.
   */
  given({ user, ...target }: LoginSubject): void {
    const wantedTarget = targetKey(target);
    const isTheirs = (mark: LoginMark) =>
      mark.target === wantedTarget && (mark.user ?? user) === user;
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

  /** `user` signed in, in another tab. */
  loggedIn(user: string): void {
    this.#marks.drop((mark) => mark.outcome === "logged_out" && mark.user === user);
  }

  /** A user asked for a login. */
  forget(): void {
    this.#marks.drop(() => true);
  }

  /** A response failed. */
  fail(error: unknown): void {
    this.#failure = { error, at: this.#clock.now() };
    // A code that was lost on the way says nothing about the next login.
    if (this.begun || !isLostCode(error)) this.settle("failed", wordsOf(error), {});
  }

  /** The latest login of this tab that left, and whose response may still come. */
  get begun(): LoginMark | undefined {
    return this.#marks
      .recent()
      .filter(({ outcome }) => ["started", "unrecognised", "cancelled"].includes(outcome))
      .at(-1);
  }

  /** `error` is of a response of this page, and a login may start all the same. */
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
    // A logout that does not matter yet will when the login leaves, and these, too.
    if (limiting && concerned.length === 0) return this.#explain(limiting);
    return this.#marks.write(current) ? undefined : noMemory();
  }

  /** A logout is about its user alone. */
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
  return new NoTokenError(
    `no automatic login starts, because ${reason}${words}. Show a button that calls login().`,
    cause,
  );
}

function noMemory(): NoTokenError {
  return noLogin("sessionStorage cannot be written");
}

function isFor({ user, target }: LoginMark, { user: sub, ...wantedTarget }: LoginSubject): boolean {
  return user === sub && target === targetKey(wantedTarget);
}

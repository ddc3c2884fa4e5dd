import { CancelledError, NoTokenError } from "../../core/errors.ts";
import { type LoginMark, type LoginMarks, type LoginResult } from "../../core/login-marks.ts";
import type { Clock } from "../../core/ports.ts";
import type { RoundTrip } from "../../core/user-agent.ts";
import { targetKey, type TokenTarget } from "../../core/token-target.ts";
import { isLostCode, wordsOf } from "./login-failure.ts";

/** A mark ends after this time. Milliseconds. */
const MARK_LIFETIME_MS = 30 * 60_000;
/** Between two automatic logins for the same user and target, even when the token of the first was given. Milliseconds. */
const SPACING_MS = 60_000;
/** Automatic logins of one tab in `MARK_LIFETIME_MS`, even when the token of each was given. */
const MOST = 6;
/** More marks than a tab needs: the oldest go first. */
const MOST_KEPT = 32;
/** The second click of a double click asks for nothing new. Milliseconds. */
const DOUBLE_CLICK_MS = 1_000;

const REASONS: Readonly<Record<LoginResult, string>> = {
  started: "the page left for the login page and came back without a response",
  unrecognised: "the page came back without a response of this client",
  failed: "the last login failed",
  useless: "the last login brought no token that helps",
  other_user: "the last login signed in somebody else",
  cancelled: "the last login was cancelled",
  logged_out: "the user signed out",
  given: "there was one less than a minute ago, or there were too many in half an hour",
};

/** For whom, and for which token, a login is. */
export type LoginSubject = {
  readonly [name in keyof TokenTarget]: TokenTarget[name] | undefined;
} & {
  readonly user?: string | undefined;
};

/** The tab, as far as its automatic logins must know it. */
export interface LoginTab {
  /** When a user last acted on this page load. Milliseconds since the epoch. */
  readonly activatedAt: number;
}

/**
 * Keeps this tab from logging in by itself again and again. An automatic login is one that no user asked for. It leaves a
 * mark, which later pages of the tab find, and no second one starts while the mark stands.
 */
export class AutomaticLogins {
  readonly #config: { readonly marks: LoginMarks; readonly clock: Clock };
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
    this.#config = config;
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
        if (!this.#write([...this.#current(), this.#mark("started", undefined, subject)]))
          throw noMemory();
        return watched.navigate(url);
      },
    };
  }

  /** Writes how a login ended. `subject`: whom and what it was for, where no mark says so. */
  settle(outcome: LoginResult, detail: string | undefined, subject: LoginSubject): void {
    const { begun } = this;
    const all = this.#recent();
    const settled = this.#mark(outcome, detail, subject);
    if (begun) {
      const { at, detail: _, ...rest } = begun;
      const { detail: words, at: now } = settled;
      const next = { ...rest, outcome, ...(words !== undefined && { detail: words }) };
      // A user acts on the page to stop a login, and that act must not end its mark.
      const since = outcome === "cancelled" ? now : at;
      this.#write([...all.filter((mark) => !isSame(mark, begun)), { ...next, at: since }]);
    } else if (outcome !== "given") this.#write([...all, settled]);
  }

  /**
   * A token was given: what the logins for it came to does not matter any more. A logout still does, and a login that started
   * counts, although another manager of this tab may publish its token before this one settles its mark.
   */
  given({ user, ...target }: LoginSubject): void {
    const wantedTarget = targetKey(target);
    const isTheirs = (mark: LoginMark) =>
      mark.target === wantedTarget && (mark.user ?? user) === user;
    const next = this.#recent().map((mark) =>
      isTheirs(mark) && mark.outcome === "started" ? { ...mark, outcome: "given" as const } : mark,
    );
    this.#write(
      next.filter(
        (mark) => !isTheirs(mark) || mark.outcome === "given" || mark.outcome === "logged_out",
      ),
    );
  }

  /** `user` signed in, in another tab. */
  loggedIn(user: string): void {
    this.#drop((mark) => mark.outcome === "logged_out" && mark.user === user);
  }

  /** A user asked for a login. */
  forget(): void {
    this.#drop(() => true);
  }

  /** A response failed. */
  fail(error: unknown): void {
    this.#failure = { error, at: this.#config.clock.now() };
    // A code that was lost on the way says nothing about the next login.
    if (this.begun || !isLostCode(error)) this.settle("failed", wordsOf(error), {});
  }

  /** The latest login of this tab that left, and whose response may still come. */
  get begun(): LoginMark | undefined {
    return this.#recent()
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
    const now = this.#config.clock.now();
    const current = this.#current();
    const cachedRefusal = current.filter(
      (mark) => mark.outcome !== "given" && this.#concerns(mark, subject),
    );
    const blocking = cachedRefusal.filter(matters).at(-1);
    if (blocking) return this.#explain(blocking);
    const given = current.filter(({ outcome }) => outcome === "given");
    const recent = given.filter((mark) => isFor(mark, subject) && now - mark.at < SPACING_MS);
    const limiting = recent.at(-1) ?? given.at(MOST - 1);
    // A logout that does not matter yet will when the login leaves, and these, too.
    if (limiting && cachedRefusal.length === 0) return this.#explain(limiting);
    return this.#write(current) ? undefined : noMemory();
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

  /** The marks that have not ended. */
  #current(): readonly LoginMark[] {
    return this.#recent().filter(({ at, outcome }) => {
      const isOfClick = outcome === "logged_out" || outcome === "cancelled";
      return this.#tab.activatedAt <= at + (isOfClick ? DOUBLE_CLICK_MS : 0);
    });
  }

  #recent(): readonly LoginMark[] {
    const { marks, clock } = this.#config;
    const all = marks.read().filter(isMark);
    return all.filter(({ at }) => Math.abs(clock.now() - at) < MARK_LIFETIME_MS).slice(-MOST_KEPT);
  }

  #drop(isOver: (mark: LoginMark) => boolean): void {
    this.#write(this.#recent().filter((mark) => !isOver(mark)));
  }

  #write(marks: readonly LoginMark[]): boolean {
    return this.#config.marks.write(marks);
  }

  #mark(
    outcome: LoginResult,
    detail: string | undefined,
    { user, ...target }: LoginSubject,
  ): LoginMark {
    return {
      ...(user !== undefined && { user }),
      target: targetKey(target),
      at: this.#config.clock.now(),
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

/** Every script of this origin can write marks. */
function isMark(mark: Partial<LoginMark> | null): mark is LoginMark {
  const { at, target, outcome = "", user = "", detail = "" } = mark ?? {};
  return (
    Number.isFinite(at) &&
    Object.hasOwn(REASONS, outcome) &&
    [target, user, detail].every((text) => typeof text === "string")
  );
}

function isSame(a: LoginMark, b: LoginMark): boolean {
  return a.at === b.at && a.target === b.target && a.user === b.user && a.outcome === b.outcome;
}

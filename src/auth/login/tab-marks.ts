import type { LoginMark, LoginMarks, LoginResult } from "../../core/login-marks.ts";
import type { Clock } from "../../core/ports.ts";

/** A mark ends after this time. Milliseconds. */
const MARK_LIFETIME_MS = 30 * 60_000;
/** The largest number of stored marks. The oldest marks are deleted first. */
const MOST_KEPT = 32;
/** The second click of a double click does not end the mark of the first one. Milliseconds. */
const DOUBLE_CLICK_MS = 1_000;

/** Why no automatic login starts, by the result in the mark. */
export const REASONS: Readonly<Record<LoginResult, string>> = {
  started: "the page navigated to the login page and came back without a response",
  unrecognised: "the page came back without a response of this client",
  failed: "the last login failed",
  useless: "the last login brought no token that serves the request",
  other_user: "the last login signed in another user",
  cancelled: "the last login was cancelled",
  logged_out: "the user logged out",
  given: "the last one was less than a minute ago, or there were too many in half an hour",
};

/** The facts about the tab that its automatic logins need. */
export interface LoginTab {
  /** When a user last acted on this page load. Milliseconds since the epoch. */
  readonly activatedAt: number;
}

/** The marks of the logins and logouts of this tab. */
export class TabMarks {
  readonly #marks: LoginMarks;
  readonly #clock: Clock;
  readonly #tab: LoginTab;

  constructor(
    { marks, clock }: { readonly marks: LoginMarks; readonly clock: Clock },
    tab: LoginTab,
  ) {
    this.#marks = marks;
    this.#clock = clock;
    this.#tab = tab;
  }

  /** The marks of the last 30 minutes. */
  recent(): readonly LoginMark[] {
    const now = this.#clock.now();
    const all = this.#marks.read().filter(isMark);
    return all.filter(({ at }) => Math.abs(now - at) < MARK_LIFETIME_MS).slice(-MOST_KEPT);
  }

  /** The recent marks that no act of the user on this page has ended. */
  current(): readonly LoginMark[] {
    return this.recent().filter(({ at, outcome }) => {
      const isOfClick = outcome === "logged_out" || outcome === "cancelled";
      return this.#tab.activatedAt <= at + (isOfClick ? DOUBLE_CLICK_MS : 0);
    });
  }

  /** Returns false when the marks could not be stored. */
  write(marks: readonly LoginMark[]): boolean {
    return this.#marks.write(marks);
  }

  /** Deletes the recent marks that match. */
  drop(matches: (mark: LoginMark) => boolean): void {
    this.write(this.recent().filter((mark) => !matches(mark)));
  }
}

/** Validates a mark, because every script of this origin can write marks. */
function isMark(mark: Partial<LoginMark> | null): mark is LoginMark {
  const { at, target, outcome = "", user = "", detail = "" } = mark ?? {};
  return (
    Number.isFinite(at) &&
    Object.hasOwn(REASONS, outcome) &&
    [target, user, detail].every((text) => typeof text === "string")
  );
}

/** Whether two objects are the same mark. */
export function isSame(a: LoginMark, b: LoginMark): boolean {
  return a.at === b.at && a.target === b.target && a.user === b.user && a.outcome === b.outcome;
}

import type { LoginMark, LoginMarks, LoginResult } from "../../core/login-marks.ts";
import type { Clock } from "../../core/ports.ts";

/** A mark, the record of a login or logout in this tab, is ignored after this time. Milliseconds. */
const MARK_LIFETIME_MS = 30 * 60_000;
/** At most this many marks are stored. The oldest marks are deleted first. */
const MOST_KEPT = 32;
/**
 * A click or key press usually ends the mark (record) of a logout or a cancelled login. Within this time after the logout or
 * the login, the mark stays, because the click might be part of a double click. Milliseconds.
 */
const DOUBLE_CLICK_MS = 1_000;

/** For each result of the last login or logout, the reason why no automatic login starts. */
export const REASONS: Readonly<Record<LoginResult, string>> = {
  started: "the page navigated to the login page and came back without a response",
  unrecognised: "the page came back without a response for this client",
  failed: "the last login failed",
  useless: "the last login returned no token that this request can use",
  other_user: "another user than the requested one logged in at the last login",
  cancelled: "the last login was cancelled",
  logged_out: "the user logged out",
  arriving: "a login has just ended",
  silent: "the server was asked for a user",
  given: "an automatic login for the same token started less than a minute ago",
};
/** The reason why no automatic login starts after many successful ones. */
export const TOO_MANY = "too many automatic logins started within half an hour";

/** The facts about a tab that `AutomaticLogins` uses. */
export interface LoginTab {
  /** The time of the user's last click or key press on this page. Milliseconds since the epoch. */
  readonly activatedAt: number;
  /** Whether the app has called `handleCallback()`. The app then decides where the user goes. */
  readonly isHandledByApp: boolean;
}

/** Reads and writes the marks of this tab. A mark is a stored record of a login or logout and its result. */
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

  /** Returns the valid marks (records of logins and logouts) of the last 30 minutes, the oldest first. */
  recent(): readonly LoginMark[] {
    const now = this.#clock.now();
    const all = this.#marks.read().filter(isMark);
    return all.filter(({ at }) => Math.abs(now - at) < MARK_LIFETIME_MS).slice(-MOST_KEPT);
  }

  /**
   * Returns the recent marks that are not older than the user's last click or key press. `DOUBLE_CLICK_MS` is a tolerance for
   * the marks of logouts and cancelled logins.
   */
  current(): readonly LoginMark[] {
    return this.recent().filter(({ at, outcome }) => {
      const isOfClick = outcome === "logged_out" || outcome === "cancelled";
      return this.#tab.activatedAt <= at + (isOfClick ? DOUBLE_CLICK_MS : 0);
    });
  }

  /** Replaces the stored marks by `marks`. Returns false if the marks could not be stored. */
  write(marks: readonly LoginMark[]): boolean {
    return this.#marks.write(marks);
  }

  /** Deletes the marks for which `matches` returns true. */
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

/** Returns true if `a` and `b` are copies of the same mark. */
export function isSame(a: LoginMark, b: LoginMark): boolean {
  return a.at === b.at && a.target === b.target && a.user === b.user && a.outcome === b.outcome;
}

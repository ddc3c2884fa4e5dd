import type { LoginMark, LoginMarks, LoginResult } from "../../core/login-marks.ts";
import type { Clock } from "../../core/ports.ts";

/** The time after which a mark is ignored. A mark is a record of a login or logout of this tab. Milliseconds. */
const MARK_LIFETIME_MS = 30 * 60_000;
/** At most this many marks are stored. The oldest marks are deleted first. */
const MOST_KEPT = 32;
/**
 * A click or key press ends the marks of this tab. There is one exception: within this time after a logout or a cancelled
 * login, a click or key press does not end the mark of that logout or login. The click might be the second half of a double
 * click. Milliseconds.
 */
const DOUBLE_CLICK_MS = 1_000;

/** For each outcome of a mark, the reason why no automatic login starts. */
export const REASONS: Readonly<Record<LoginResult, string>> = {
  started: "the page navigated to the login page and came back without a response",
  unrecognised: "the page came back without a response for this client",
  failed: "the last login failed",
  useless: "the last login returned no token that this request can use",
  other_user: "another user than the requested one logged in at the last login",
  cancelled: "the last login was cancelled",
  logged_out: "the user logged out",
  given:
    "an automatic login started less than a minute ago, or there were too many in half an hour",
};

/** The facts about a tab that `AutomaticLogins` uses. */
export interface LoginTab {
  /** The time of the user's last click or key press on this page. Milliseconds since the epoch. */
  readonly activatedAt: number;
}

/** Reads and writes the marks of this tab. A mark is a small stored record of a login or a logout, and of how it ended. */
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

  /** Returns the valid marks of the last 30 minutes, the oldest first. */
  recent(): readonly LoginMark[] {
    const now = this.#clock.now();
    const all = this.#marks.read().filter(isMark);
    return all.filter(({ at }) => Math.abs(now - at) < MARK_LIFETIME_MS).slice(-MOST_KEPT);
  }

  /**
   * Returns the recent marks that have not ended. A mark ends when the user clicks or presses a key after the mark was written.
   * A click shortly after a logout or a cancelled login does not count (`DOUBLE_CLICK_MS`).
   */
  current(): readonly LoginMark[] {
    return this.recent().filter(({ at, outcome }) => {
      const isOfClick = outcome === "logged_out" || outcome === "cancelled";
      return this.#tab.activatedAt <= at + (isOfClick ? DOUBLE_CLICK_MS : 0);
    });
  }

  /** Stores `marks`. Returns false if they could not be stored. */
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

/** Returns true if two objects are the same mark. */
export function isSame(a: LoginMark, b: LoginMark): boolean {
  return a.at === b.at && a.target === b.target && a.user === b.user && a.outcome === b.outcome;
}

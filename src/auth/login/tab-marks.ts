import type { LoginMark, LoginMarks, LoginResult } from "../../core/login-marks.ts";
import type { Clock } from "../../core/ports.ts";

/** A mark that is older than this is ignored. Milliseconds. */
const MARK_LIFETIME_MS = 30 * 60_000;
/** The largest number of stored marks. The oldest marks are deleted first. */
const MOST_KEPT = 32;
/**
 * An act of the user within this time after a logout or a cancelled login does not end the mark, because the user might have
 * double-clicked. Milliseconds.
 */
const DOUBLE_CLICK_MS = 1_000;

/** The reason why no automatic login starts, for each result that a mark can have. */
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

/** The facts about a tab that `AutomaticLogins` needs. */
export interface LoginTab {
  /** When a user last pressed a key or a pointer in this page load. Milliseconds since the epoch. */
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

  /** Returns the valid marks of the last 30 minutes, the oldest first. */
  recent(): readonly LoginMark[] {
    const now = this.#clock.now();
    const all = this.#marks.read().filter(isMark);
    return all.filter(({ at }) => Math.abs(now - at) < MARK_LIFETIME_MS).slice(-MOST_KEPT);
  }

  /**
   * Returns the recent marks that are still in force. A mark ends when the user acts on the page after the mark was written.
   */
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

/** Whether two objects are the same mark. */
export function isSame(a: LoginMark, b: LoginMark): boolean {
  return a.at === b.at && a.target === b.target && a.user === b.user && a.outcome === b.outcome;
}

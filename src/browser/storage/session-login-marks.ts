import { loginMarksKey, type ClientKey } from "../../core/keys.ts";
import type { LoginMark, LoginMarks } from "../../core/login-marks.ts";

/**
 * Stores the login marks of this tab in `sessionStorage`. A login mark records the result of a login or logout of this tab
 * (see `LoginMark`). If `sessionStorage` is missing or blocked, `read()` returns no marks. If a mark cannot be stored,
 * `write()` returns false.
 */
export class SessionLoginMarks implements LoginMarks {
  readonly #key: string;

  constructor(client: ClientKey) {
    this.#key = loginMarksKey(client);
  }

  read(): readonly (Partial<LoginMark> | null)[] {
    try {
      return [JSON.parse(sessionStorage.getItem(this.#key) ?? "[]") as LoginMark].flat();
    } catch {
      return [];
    }
  }

  write(marks: readonly (Partial<LoginMark> | null)[]): boolean {
    try {
      sessionStorage.setItem(this.#key, JSON.stringify(marks));
      return true;
    } catch {
      return false;
    }
  }
}

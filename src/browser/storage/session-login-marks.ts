import { loginMarksKey, type ClientKey } from "../../core/keys.ts";
import type { LoginMark, LoginMarks } from "../../core/login-marks.ts";

/**
 * Stores the login marks of this tab in `sessionStorage`. A login mark is a record of one login or logout of this tab.
 * Latchkey reads these records before this tab starts an automatic login. If `sessionStorage` is missing or blocked, `read()`
 * returns an empty list, and `write()` returns false.
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

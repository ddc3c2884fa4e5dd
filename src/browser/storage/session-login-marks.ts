import { loginMarksKey, type ClientKey } from "../../core/keys.ts";
import type { LoginMark, LoginMarks } from "../../core/login-marks.ts";

/**
 * Stores records of this tab's logins and logouts in `sessionStorage`. Latchkey reads these records before it starts an
 * automatic login. If `sessionStorage` is blocked, `read()` returns an empty list, and `write()` returns false.
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

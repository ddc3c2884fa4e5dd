import type { LoginMark, LoginMarks } from "../../src/core/login-marks.ts";

/** Stores the login marks of one tab in this process's memory. */
export class MemoryLoginMarks implements LoginMarks {
  #marks: readonly (Partial<LoginMark> | null)[] = [];

  read(): readonly (Partial<LoginMark> | null)[] {
    return this.#marks;
  }

  write(marks: readonly (Partial<LoginMark> | null)[]): boolean {
    this.#marks = marks;
    return true;
  }
}
